#pragma once

#include "edge/admin/core_snapshot.hpp"
#include "edge/admin/development.hpp"
#include "edge/admin/invocation.hpp"
#include "edge/admin/local_deploy.hpp"
#include "edge/router/router.hpp"
#include "libs/base/log.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace evergrass::edge {

// The core's socket for those who look after it: HTTP on a unix socket of mode 0600, so only the
// user that the core runs as, and root, get in, and each connection is asked for its user all the
// same; never TCP, for functions share the host's network.
// What it answers: admin_answers.hpp. One executor, the router's.
class admin_server {
public:
    // `snapshot` is asked at each request but POST /invoke, which is `invoke`'s, and POST /dev,
    // which is `develop`'s; without it that is not found.
    // `shadows` answers the body of POST /shadow; without it that is not found; so `deploy` for
    // POST /deploy.
    using shadow_answerer = std::function<boost::asio::awaitable<http::response>(std::string body)>;
    admin_server(boost::asio::any_io_executor executor, std::filesystem::path socket,
                 router& messages, std::function<core_snapshot()> snapshot, invoker invoke,
                 logger log, developer develop = {}, shadow_answerer shadows = {},
                 deployer deploy = {});
    ~admin_server();

    // Takes the place of what a killed core left there. REQUIRES: no other core runs on this root.
    result<void> open();
    // Removes the socket and ends connections.
    boost::asio::awaitable<void> stop();

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge
