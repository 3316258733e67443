#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace evergrass::edge::functions {

// Wakes coroutines that wait for something to change; they look for themselves what did. One
// executor. A cancelled wait returns too.
class event {
public:
    explicit event(boost::asio::any_io_executor executor)
        : timer_(std::move(executor), boost::asio::steady_timer::time_point::max()) {}

    void wake() { timer_.cancel(); }

    static boost::asio::awaitable<void> wait(std::shared_ptr<event> e) {
        co_await e->timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

private:
    boost::asio::steady_timer timer_;
};

}  // namespace evergrass::edge::functions
