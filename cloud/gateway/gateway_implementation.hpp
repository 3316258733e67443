#pragma once

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/gateway.hpp"
#include "cloud/gateway/input.hpp"
#include "cloud/gateway/kept_answers.hpp"
#include "cloud/gateway/router.hpp"
#include "libs/base/uuid_source.hpp"

#include <boost/asio/thread_pool.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// gateway.cpp has what one request goes through, gateway_handler.cpp the way to the pool and back.
class gateway::implementation {
public:
    struct destination {
        std::string_view service;
        const service_model* model = nullptr;
        route_match route;
    };
    // What was read of a request before it was served.
    struct foreseen {
        aws::authorization claimed;
        destination to;
        std::optional<db::state_mark> state{};  // of the store that is read for it
    };
    struct log_context {
        std::string request_id;
        std::string operation;  // "greengrass:CreateGroup" once it is known
        std::string caller;     // its access key id
    };

    implementation(store& state_of, operation_table table, service_identity identity_of,
                   logger log_to, gateway_options options_of, std::shared_ptr<const clock> time_of);

    http::response respond(http::request& asked, bool plain_loopback, foreseen* known = nullptr);
    // As gateway::answer_at_once().
    std::optional<http::response> respond_at_once(http::request& asked);

    // Views into the request: `asked` outlives what is returned.
    cloud::answer<destination> find_destination(const http::request& asked,
                                                const std::string& signing_name);
    // nullopt: it is not for an operation that may be run at once (is_small_read).
    std::optional<foreseen> foresee(const http::request& asked);
    // `known` is of this request, or null.
    cloud::answer<http::response> serve(http::request& asked, bool plain_loopback,
                                        log_context& about, foreseen* known);
    // A request below own_path, authenticated.
    cloud::answer<http::response> serve_own(const caller& by, const http::request& asked,
                                            log_context& about);
    // What was answered to the same small read in the same state of the store, to callers who may
    // ask for it; null: nothing, or it cannot be told.
    const http::response* answered_before(const caller& by, const destination& to,
                                          const http::request& asked, const foreseen* known);
    // What an authenticated request does; `wrong` is what is wrong with its input.
    cloud::answer<http::response> perform(const caller& by, const destination& to, call_input input,
                                          const std::vector<violation>& wrong,
                                          const log_context& about);
    api_result run(const operation& work, const destination& to, const call& made);
    api_error internal_fault(std::string_view service, std::string why) const;
    void log_refusal(const api_error& refused, const http::request& asked,
                     const log_context& about) const;
    const router& router_of(std::string_view service, const service_model& model);

    store& state;
    const operation_table operations;
    const service_identity identity;
    const logger log;
    const gateway_options options;
    const std::shared_ptr<const clock> time;
    const model_catalog catalog;
    signing_keys remembered;
    kept_answers small_answers;  // used where the store is had for reading
    uuid_source request_ids;
    std::mutex routers_mutex;
    std::map<std::string, router, std::less<>> routers;
    boost::asio::thread_pool pool;
};

}  // namespace evergrass::cloud
