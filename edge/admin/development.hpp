#pragma once

#include "edge/admin/invocation.hpp"
#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// POST /dev on the core's socket (docs/cli.md, "The core's socket"): a function that runs from a
// folder for as long as the connection lives.
namespace evergrass::edge {

struct development_order {
    std::string directory;
    std::string instead_of;  // ARN or name of the deployed function whose place it takes, or empty
    std::string name;
    std::string runtime;
    std::string handler;
    bool pinned = false;
    std::optional<std::int64_t> timeout_seconds;
};

struct development_report {
    enum class kind { up, ended, line } what = kind::line;
    std::string level;  // of a line: "INFO" …
    std::string text;
};

// The running function; its destruction ends it.
class development_work {
public:
    virtual ~development_work() = default;
    // {"function": ARN, "runtime", "handler", "takesAPlace"}
    virtual json::object describe() const = 0;
    virtual std::string arn() const = 0;
    virtual void restart() = 0;
};

// Begins it; `tell` is called later, on the executor.
using developer = std::function<result<std::unique_ptr<development_work>>(
    development_order, std::function<void(development_report)> tell)>;
using invoker = std::function<boost::asio::awaitable<result<invocation_reply>>(invocation_request)>;

// {"directory", "insteadOf", "name", "runtime", "handler", "pinned", "timeoutSeconds"}
result<development_order> read_development(std::string_view body);

// A connection after POST /dev was answered with 101: each line is a JSON object. The core sends
// `event`s, the client sends what to `do`. The end of the connection ends the function.
class development_session {
public:
    virtual ~development_session() = default;
    virtual void close() = 0;
};

struct development_answer {
    http::response response;  // 101, which hands the connection over, or the refusal
    std::weak_ptr<development_session> session;
};
// On the executor alone.
development_answer begin_development(boost::asio::any_io_executor executor, development_order order,
                                     const developer& develop, invoker invoke);

}  // namespace evergrass::edge
