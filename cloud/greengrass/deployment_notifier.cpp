#include "cloud/greengrass/deployment_notifier.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <utility>

namespace evergrass::cloud {

namespace asio = boost::asio;

struct deployment_notifier::waiter {
    explicit waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;  // touched on its executor only
    std::atomic<bool> notified = false;
};

bool deployment_notifier::notify(std::string_view core_thing) {
    const std::lock_guard hold(mutex_);
    const auto [first, last] = waiters_.equal_range(core_thing);
    for (auto each = first; each != last; ++each) {
        const auto& waiter = each->second;
        waiter->notified = true;
        // Posted behind whatever the executor is in the middle of: a wait that looked at
        // `notified` just before has started its timer by then.
        asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
    }
    return first != last;
}

std::size_t deployment_notifier::watchers() const {
    const std::lock_guard hold(mutex_);
    return waiters_.size();
}

deployment_notifier::watch::watch(deployment_notifier& notifier, std::string core_thing,
                                  const asio::any_io_executor& executor)
    : notifier_(notifier) {
    auto made = std::make_shared<waiter>(executor);
    const std::lock_guard hold(notifier_.mutex_);
    place_ = notifier_.waiters_.emplace(std::move(core_thing), std::move(made));
}

deployment_notifier::watch::~watch() {
    const std::lock_guard hold(notifier_.mutex_);
    notifier_.waiters_.erase(place_);
}

asio::awaitable<void> deployment_notifier::watch::wait(mono_time until) {
    const auto waiter = place_->second;
    if (waiter->notified.exchange(false)) {
        co_return;
    }
    waiter->timer.expires_at(until);
    boost::system::error_code code;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
    waiter->notified = false;
}

}  // namespace evergrass::cloud
