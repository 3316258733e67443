#include "libs/http/socket_bridge.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/deadline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <set>
#include <string>
#include <sys/socket.h>

namespace evergrass::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t piece_size = 16 * 1024;

// One client and our end of its socket pair.
class bridge {
public:
    bridge(connection client, asio::local::stream_protocol::socket inner,
           std::chrono::milliseconds farewell)
        : client_(std::move(client)),
          inner_(std::move(inner)),
          farewell_(farewell),
          rest_(client_.executor(), [this] { client_.close(); }) {}

    static asio::awaitable<void> run(std::shared_ptr<bridge> self) {
        using namespace asio::experimental::awaitable_operators;
        asio::co_spawn(self->client_.executor(), watch(self), asio::detached);
        auto upwards = self->to_inner();
        auto downwards = self->to_client();
        auto both = std::move(upwards) && std::move(downwards);
        co_await std::move(both);
        self->rest_.disarm();
        error_code ignored;
        self->inner_.close(ignored);
        if (!self->cut_) {
            co_await self->client_.shut_down(self->farewell_);
        }
    }

    void cut() {
        cut_ = true;
        over_ = true;
        client_.close();
        error_code ignored;
        inner_.close(ignored);
    }

private:
    asio::awaitable<void> to_inner() {
        std::string piece(piece_size, '\0');
        error_code failed;
        while (!over_ && !failed) {
            const auto got = co_await client_.read_some(asio::buffer(piece));
            if (got.failed) {
                break;
            }
            co_await asio::async_write(inner_, asio::buffer(piece.data(), got.bytes),
                                       asio::redirect_error(asio::use_awaitable, failed));
        }
        error_code ignored;
        inner_.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
    }

    asio::awaitable<void> to_client() {
        std::string piece(piece_size, '\0');
        for (;;) {
            error_code failed;
            const auto got = co_await inner_.async_read_some(
                asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
            if (failed) {
                break;
            }
            const auto sent = co_await client_.write(asio::buffer(piece.data(), got));
            if (sent.failed) {
                client_.close();
                break;
            }
        }
        over_ = true;
        client_.cancel();  // what the client still sends, nobody wants
    }

    // The holder may close its end while we wait for a client that takes nothing.
    static asio::awaitable<void> watch(std::shared_ptr<bridge> self) {
        error_code failed;
        co_await self->inner_.async_wait(asio::socket_base::wait_error,
                                         asio::redirect_error(asio::use_awaitable, failed));
        if (!failed && !self->over_) {
            self->rest_.arm(self->farewell_);
        }
    }

    connection client_;
    asio::local::stream_protocol::socket inner_;
    std::chrono::milliseconds farewell_;
    rt::deadline rest_;
    bool over_ = false;  // the holder has closed its end
    bool cut_ = false;
};

}  // namespace

class socket_bridges::implementation
    : public std::enable_shared_from_this<socket_bridges::implementation> {
public:
    implementation(asio::any_io_executor executor, std::chrono::milliseconds farewell)
        : executor_(std::move(executor)), farewell_(farewell) {}

    result<int> open(connection from) {
        int pair[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
            return errno_error("cannot make a pair of sockets");
        }
        asio::local::stream_protocol::socket inner(executor_, asio::local::stream_protocol(),
                                                   pair[0]);
        from.watch_for_dead_peer();
        auto made = std::make_shared<bridge>(std::move(from), std::move(inner), farewell_);
        bridges_.insert(made.get());
        asio::co_spawn(executor_, run(shared_from_this(), std::move(made)), asio::detached);
        return pair[1];
    }

    void cut_all() {
        for (auto* one : bridges_) {
            one->cut();
        }
    }

    std::size_t size() const { return bridges_.size(); }

    static asio::awaitable<void> drained(std::shared_ptr<implementation> self) {
        if (self->bridges_.empty()) {
            co_return;
        }
        asio::steady_timer timer(self->executor_, asio::steady_timer::time_point::max());
        self->emptied_ = &timer;
        error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        self->emptied_ = nullptr;
    }

private:
    static asio::awaitable<void> run(std::shared_ptr<implementation> self,
                                     std::shared_ptr<bridge> one) {
        co_await bridge::run(one);
        self->bridges_.erase(one.get());
        if (self->emptied_ != nullptr && self->bridges_.empty()) {
            self->emptied_->cancel();
        }
    }

    asio::any_io_executor executor_;
    std::chrono::milliseconds farewell_;
    std::set<bridge*> bridges_;
    asio::steady_timer* emptied_ = nullptr;  // of the drained() that waits
};

socket_bridges::socket_bridges(asio::any_io_executor executor, std::chrono::milliseconds farewell)
    : implementation_(std::make_shared<implementation>(std::move(executor), farewell)) {}

socket_bridges::~socket_bridges() {
    implementation_->cut_all();
}

result<int> socket_bridges::open(connection from) {
    return implementation_->open(std::move(from));
}

std::size_t socket_bridges::size() const {
    return implementation_->size();
}

asio::awaitable<void> socket_bridges::drained() {
    return implementation::drained(implementation_);
}

}  // namespace evergrass::http
