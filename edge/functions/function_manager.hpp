#pragma once

#include "contract/manifest.hpp"
#include "edge/router/router.hpp"
#include "libs/base/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

class credential_provider;
class secret_service;

// Asks the core's shadow service: the topic of the request, its payload, and who gets the answer,
// a body in each case (spec/lambda-ipc.md §3.2). The answer comes on the executor, not within the
// call.
using shadow_asker = std::function<void(std::string_view topic, std::string payload,
                                        std::function<void(std::string)> answered)>;

struct function_settings {
    std::filesystem::path ggc_root;     // <root>/ggc: deployment/lambda/<ARN>/, var/log/user/…
    std::filesystem::path runtime_dir;  // holds python/lambda_runtime.py, …
    std::string ipc_address = "127.0.0.1";  // and ::1 too when it is this
    std::uint16_t ipc_port = 8000;          // ggDaemonPort; 0: the system picks one
    std::string region;
    std::string account;
    std::string core_thing;
    // For AWS_IOT_MQTT_ENDPOINT and friends, which V1 gave with the ports of config.json
    // (spec/lambda-ipc.md §4.1). Names or addresses, without a port.
    std::string iot_host;
    std::uint16_t iot_mqtt_port = 8883;
    std::uint16_t iot_http_port = 8443;
    std::string gg_host;
    std::uint16_t gg_http_port = 8443;
    // For http_proxy, https_proxy and no_proxy of functions (spec/core.md §3.3): the URL with user
    // name and password, and the hosts to reach without it. Empty: none are set.
    std::string proxy_url;
    std::string no_proxy;
    std::size_t max_work_items = 1024;              // maxWorkItemCount: queued over all functions
    std::size_t max_concurrent_workers = 25;        // maxConcurrentLimit: on-demand ones
    std::chrono::milliseconds start_limit{30'000};  // postStartHealthCheckTimeout
    std::chrono::seconds idle_reap{60};  // an on-demand worker without work ends after this
    bool allow_root = false;             // allowFunctionsToRunAsRoot
    // Does an interpreter wait in a jail for whichever on-demand Python function comes?
    bool interpreter_waits = false;
    // Runtimes of whose on-demand functions a worker waits ahead (function_spec::keeps_ready).
    bool python_ready = false;
    bool others_ready = false;
    std::filesystem::path jail_program;  // evergrass-jail
    // The core's own directories and keys, which functions in a jail don't see.
    std::vector<std::string> hidden;
    std::map<std::string, std::filesystem::path> interpreters;  // runtime.interpreters, by runtime
    // Where programs are asked for their version, which takes up to 5 s each. Empty: here.
    boost::asio::any_io_executor blocking;
    // What functions ask at the IPC endpoint besides; null: this core has none.
    std::shared_ptr<credential_provider> credentials;
    std::shared_ptr<secret_service> secrets;
    shadow_asker shadows;
};

enum class worker_state {  // names of V1's health API (spec/core.md §6)
    not_started,
    starting,
    initialized,
    waiting,
    working,
    failed_initialization,
    terminated
};
std::string_view to_string(worker_state state);  // "NotStarted" …

struct function_status {
    std::string arn;
    worker_state state = worker_state::not_started;
    int workers = 0;
    std::uint64_t invocations = 0;
    std::uint64_t errors = 0;
    std::uint64_t restarts = 0;
    std::size_t queued = 0;
    // How long its invocations took, from handing over the work to its result; of all since the
    // core started or the function was deployed. None: nothing was invoked.
    std::optional<std::chrono::microseconds> p50;
    std::optional<std::chrono::microseconds> p99;
    std::uint64_t memory_kb = 0;  // resident, of its workers together
};

// What came of an invocation from outside.
struct invocation_result {
    std::string arn;      // of the version that ran
    std::string id;       // as the function's log has it
    std::string outcome;  // "success", "handled", "unhandled"; "accepted": an event
    std::string body;
    std::string log;  // the last lines that its worker wrote meanwhile, at most 4 KiB
    std::chrono::microseconds took{0};  // from asking to the result, the queue and a start included
};

// A folder of code to run as a function, for as long as somebody works on it.
struct development_request {
    std::filesystem::path directory;  // absolute
    // Of the deployed function whose place it takes: ARN or name. Empty: it is a function of its
    // own, arn:aws:lambda:REGION:ACCOUNT:function:NAME:dev.
    std::string instead_of;
    std::string name;
    // Empty or missing: those of the function whose place it takes.
    std::string runtime;
    std::string handler;
    bool pinned = false;
    std::optional<std::int64_t> timeout_seconds;  // without a function to take it from: 3
};

struct development_news {
    enum class kind { up, ended, line } what = kind::line;
    log_level level = log_level::info;
    std::string text;  // the line, or why it ended
};

// Somebody's work on a function. Its destruction ends it: the function goes, and the deployed one
// whose place it had starts again.
class development {
public:
    virtual ~development() = default;
    virtual const std::string& arn() const = 0;
    virtual const std::string& runtime() const = 0;
    virtual const std::string& handler() const = 0;
    virtual bool takes_a_place() const = 0;
    // Ends its workers, those that work too, and starts from what is in the folder now.
    virtual void restart() = 0;
};

struct function_failure {
    std::string arn;
    std::string reason;  // for the deployment's error message
};

// Runs the group's functions: their queues, worker processes, and the IPC endpoint that they talk
// to (spec/lambda-ipc.md). Is the router's sink for functions. All calls on the executor it was
// made with.
class function_manager : public sink {
public:
    function_manager(boost::asio::any_io_executor executor, function_settings settings,
                     router& messages, logger log);
    ~function_manager() override;  // kills what still runs

    // Looks what isolation this host has, and says so in the log; opens the IPC endpoint. The error
    // names the port and says what to do when it is in use.
    result<void> open();
    std::uint16_t ipc_port() const;

    // Makes the running functions be these: stops removed ones, restarts those whose code or
    // configuration changed, starts new ones, leaves the others alone. A worker of the old version
    // that has an invocation in hand finishes it, at the latest at its timeout, and gives its
    // result to who waits for it; the others are told to end at once. What is queued goes to the
    // new version when its ARN is the same, else it is answered with an error or dropped as
    // function_stopped. A pinned function starts when its predecessor has ended.
    // Returns when each pinned function is initialized (first GET work, PUT initialized or any
    // other IPC call; or still alive at start_limit) or has failed; empty means that all are well.
    // With no functions at all it returns when the last worker has ended. Code must be in place
    // already.
    // `resources` are the manifest's; a function whose resources changed is restarted too.
    boost::asio::awaitable<std::vector<function_failure>> apply(
        std::vector<contract::function> functions, std::vector<contract::logger_setting> loggers,
        json::array resources = {});

    // SIGTERM, then SIGKILL after 2 s; children of the workers end too.
    boost::asio::awaitable<void> stop();

    std::optional<drop_reason> deliver(const endpoint& source, const endpoint& target,
                                       const message& m) override;
    std::optional<drop_reason> would_drop(const endpoint& target,
                                          std::string_view topic) const override;
    std::vector<function_status> status() const;

    // Invokes a function of the group by its ARN, by the one without version when one version only
    // is deployed, or by its name. `client_context`: base64 of a JSON object, or empty. An event's
    // result is not waited for. The error says why it cannot be invoked.
    boost::asio::awaitable<result<invocation_result>> invoke(std::string function,
                                                             std::string payload,
                                                             std::string client_context,
                                                             bool event);

    // Runs a folder's code as a function until the returned object ends. `tell` hears on the
    // executor what comes of it, at the earliest after this has returned. Deployments leave it
    // alone; what comes back after it is what the newest of them says.
    result<std::unique_ptr<development>> develop(development_request asked,
                                                 std::function<void(development_news)> tell);

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge
