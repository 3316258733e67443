#pragma once

#include "edge/functions/event.hpp"
#include "edge/functions/ipc_protocol.hpp"
#include "edge/functions/result_store.hpp"
#include "edge/functions/worker_pool.hpp"
#include "libs/http/message.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace evergrass::edge::functions {

// What functions ask besides each other and the router; null: this core has none.
struct ipc_services {
    std::shared_ptr<credential_provider> credentials;
    std::shared_ptr<secret_service> secrets;
    std::function<void(std::string_view topic, std::string payload,
                       std::function<void(std::string)> answered)>
        shadows;
};

// Answers the requests of functions (spec/lambda-ipc.md §2.3). A caller is who its token says it
// is, whatever stands in the request. One executor.
class ipc_endpoint : public std::enable_shared_from_this<ipc_endpoint> {
public:
    ipc_endpoint(boost::asio::any_io_executor executor, worker_pool& pool, router& messages,
                 ipc_services services, logger log);

    // What is answered without waiting; nullopt: answer() is for it, and the request is untouched.
    std::optional<http::response> answer_at_once(http::request& request);

    // Suspends for GET work, GET result and credentials.
    static boost::asio::awaitable<http::response> answer(std::shared_ptr<ipc_endpoint> self,
                                                         http::request request);

    // From the pool.
    void hand_over(worker_id worker, work item);
    void finish(finished f);
    void worker_ended(worker_id worker);
    // Requests that wait are answered 503, and all that come. The pool and the router are not used
    // afterwards.
    void stop();

private:
    struct waiting {  // a worker's GET work
        explicit waiting(boost::asio::any_io_executor executor)
            : changed(std::make_shared<event>(std::move(executor))) {}
        std::shared_ptr<event> changed;
        std::optional<work> item;
        bool replaced = false;  // the same worker asked again
    };

    static boost::asio::awaitable<http::response> get_work(std::shared_ptr<ipc_endpoint> self,
                                                           worker_id worker);
    static boost::asio::awaitable<http::response> get_result(std::shared_ptr<ipc_endpoint> self,
                                                             worker_identity caller,
                                                             std::string id);
    http::response carry_out(const ipc_call& call, const worker_identity& caller,
                             http::request& request);
    http::response invoke(const ipc_call& call, const worker_identity& caller,
                          http::request& request);
    http::response invoke_system(std::string_view name, const worker_identity& caller,
                                 http::request& request, invocation_type type);
    http::response ask_shadow(const worker_identity& caller, http::request& request,
                              invocation_type type);
    http::response publish(const worker_identity& caller, http::request& request,
                           invocation_type type);
    http::response post_result(const worker_identity& caller, http::request& request);
    http::response initialized(const worker_identity& caller, const http::request& request);
    http::response put_logs(const worker_identity& caller, const http::request& request);
    http::response health(const http::request& request);
    std::optional<worker_identity> caller_of(const http::request& request) const;

    boost::asio::any_io_executor executor_;
    worker_pool& pool_;
    router& messages_;
    ipc_services services_;
    logger log_;
    result_store results_;
    std::unordered_map<worker_id, std::shared_ptr<waiting>> asking_;
    bool stopped_ = false;
};

}  // namespace evergrass::edge::functions
