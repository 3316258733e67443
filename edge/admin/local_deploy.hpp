#pragma once

#include "libs/base/result.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// POST /deploy on the core's socket (docs/cli.md, "The core's socket"): a deployment from this
// machine.
namespace evergrass::edge {

struct deploy_order {
    std::filesystem::path bundle = {};  // absolute; empty with `undo`
    bool unsigned_too = false;
    bool undo = false;       // what ran before comes back
    std::string token = {};  // names the deployment to who asks GET /deploy for its steps; or empty
};

struct deploy_reply {
    struct failure {
        std::string part;
        std::string reason;
    };
    std::string deployment_id;
    std::string group_name;
    bool unchanged = false;
    std::string message;  // empty: success
    std::vector<failure> details;
    std::vector<std::string> group_cas;  // PEM
};
using deployer = std::function<boost::asio::awaitable<result<deploy_reply>>(deploy_order)>;

// {"bundle", "unsigned", "token"} or {"undo": true, "token"}
result<deploy_order> read_deploy_order(std::string_view body);

// 200 with the reply as JSON, also when it was rolled back; {"message"} when it was refused.
http::response deploy_answer(const result<deploy_reply>& reply);

}  // namespace evergrass::edge
