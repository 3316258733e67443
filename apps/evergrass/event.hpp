#pragma once

#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>

namespace evergrass::cli {

// Lets a coroutine wait for something that callbacks bring about. One executor, one waiter.
class event {
public:
    explicit event(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    // Asks the waiter to look at its condition again.
    void notify() { timer_.cancel(); }

    // True once `condition` holds, false when `deadline` has passed before. Ends at once, by the
    // exception of a cancelled coroutine, when the caller is cancelled.
    boost::asio::awaitable<bool> wait(std::function<bool()> condition, mono_time deadline);

private:
    boost::asio::steady_timer timer_;
};

}  // namespace evergrass::cli
