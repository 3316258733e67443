#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/gateway/request_limits.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/http/server.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// A call that AWS has not, below /evergrass/v1/: signed for greengrass, by who may perform it, and
// audited as AWS's are.
struct own_call {
    std::string_view operation;  // as rights.cpp has it: "AdoptCore"
    std::string_view method;
    std::string_view path;  // "/evergrass/v1/packages/": what follows it is `rest`
    // Runs on a thread of the gateway's pool.
    std::function<api_result(std::string_view rest, const std::string& body)> run;
};

struct gateway_options {
    // Operations run on this many threads of the gateway's own.
    std::size_t threads = 2;
    // Empties the service for `POST /_evergrass/reset`; empty: not started with --allow-reset. Runs
    // on a thread of the gateway, while other operations may run.
    std::function<result<void>()> reset;
    // Counts requests; null: nobody does. Outlives the gateway.
    request_counts* counts = nullptr;
    // APIs that are not served here, and the endpoint at which they are: a call of one is refused
    // with that.
    std::map<std::string, std::string, std::less<>> elsewhere{};
    // How many requests are taken; null: all. Outlives the gateway.
    request_limits* limits = nullptr;
    std::vector<own_call> own_calls{};
};

// The door of the AWS APIs: authenticates (SigV4), routes by the service's model, validates, runs
// the operation and shapes its answer as AWS does. Every answer has a request id, every refusal a
// log line.
//
// `state` outlives the gateway; the gateway outlives the HTTP servers that use its handlers, and
// ends before the executors those run on: its destructor waits for running operations.
class gateway {
public:
    gateway(store& state, operation_table operations, service_identity identity, logger log,
            gateway_options options, std::shared_ptr<const clock> time = std::make_shared<clock>());
    ~gateway();
    gateway(const gateway&) = delete;
    gateway& operator=(const gateway&) = delete;

    // For a server of libs/http; any executor. `plain_loopback`: this listener is the plain-HTTP
    // one on loopback, the only place where the reset is served.
    http::handler handler(bool plain_loopback);

    // One request from start to end, on the caller's thread: what handler() runs on the pool.
    http::response answer(const http::request& asked, bool plain_loopback);

    // The same where it is a matter of microseconds and needs no other thread: a small read
    // (small_reads.hpp) while nobody has the store. nullopt, and the request is untouched: the
    // handler is to be asked. For http::server_options::at_once; to hand a request to another
    // thread and back costs more than most of these do.
    std::optional<http::response> answer_at_once(http::request& asked);

    class implementation;

private:
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::cloud
