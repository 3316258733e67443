#include "cloud/gateway/gateway_implementation.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace evergrass::cloud {
namespace {

namespace asio = boost::asio;

// Runs the request on the pool and resumes the coroutine on its own executor. A coroutine that is
// cancelled meanwhile learns of it when the operation is done: what was begun is finished and
// committed.
struct run_on_pool {
    template <class Handler>
    void operator()(Handler resume, asio::thread_pool& pool,
                    std::function<http::response()> work) const {
        auto home = asio::make_work_guard(asio::get_associated_executor(resume));
        asio::post(pool, [resume = std::move(resume), home = std::move(home),
                          work = std::move(work)]() mutable {
            auto response = work();
            const auto executor = home.get_executor();
            asio::post(executor,
                       [resume = std::move(resume), response = std::move(response)]() mutable {
                           std::move(resume)(std::move(response));
                       });
        });
    }
};

asio::awaitable<http::response> answer_on(asio::thread_pool& pool,
                                          std::function<http::response()> work) {
    auto response =
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void(http::response)>(
            run_on_pool(), asio::use_awaitable, std::ref(pool), std::move(work));
    co_return response;
}

}  // namespace

gateway::implementation::implementation(store& state_of, operation_table table,
                                        service_identity identity_of, logger log_to,
                                        gateway_options options_of,
                                        std::shared_ptr<const clock> time_of)
    : state(state_of),
      operations(std::move(table)),
      identity(std::move(identity_of)),
      log(std::move(log_to)),
      options(std::move(options_of)),
      time(std::move(time_of)),
      pool(options.threads) {}

gateway::gateway(store& state, operation_table operations, service_identity identity, logger log,
                 gateway_options options, std::shared_ptr<const clock> time)
    : implementation_(std::make_unique<implementation>(state, std::move(operations),
                                                       std::move(identity), std::move(log),
                                                       std::move(options), std::move(time))) {}

gateway::~gateway() {
    implementation_->pool.join();
}

http::handler gateway::handler(bool plain_loopback) {
    return [here = implementation_.get(), plain_loopback](http::request asked) {
        return answer_on(here->pool, [here, plain_loopback, asked = std::move(asked)]() mutable {
            return here->respond(asked, plain_loopback);
        });
    };
}

}  // namespace evergrass::cloud
