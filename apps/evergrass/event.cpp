#include "apps/evergrass/event.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace evergrass::cli {

namespace asio = boost::asio;

asio::awaitable<bool> event::wait(std::function<bool()> condition, mono_time deadline) {
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) {
            co_return false;
        }
        timer_.expires_at(deadline);
        boost::system::error_code cancelled_or_not;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled_or_not));
    }
    co_return true;
}

}  // namespace evergrass::cli
