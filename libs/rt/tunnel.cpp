#include "libs/rt/tunnel.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/deadline.hpp"
#include "libs/rt/proxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <string>
#include <sys/socket.h>
#include <utility>

namespace evergrass::rt::detail {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t piece_size = 16 * 1024;
// How long the proxy may take to close its side after we have closed ours.
constexpr std::chrono::seconds farewell{2};

void close(tcp_socket& socket) {
    error_code ignored;
    socket.close(ignored);
}

// Asks on a connection to the proxy. `socket` is what `stream` ends in.
template <class Stream>
asio::awaitable<result<void>> ask(Stream& stream, tcp_socket& socket, const dial_options& options,
                                  std::chrono::nanoseconds left) {
    deadline limit(socket.get_executor(), [&socket] { close(socket); });
    limit.arm(left);
    const auto request = tunnel_request(*options.proxy, options.host, options.port);
    std::string answer;
    error_code failed;
    co_await asio::async_write(stream, asio::buffer(request),
                               asio::redirect_error(asio::use_awaitable, failed));
    while (!failed) {
        const auto before = answer.size();
        answer.resize(before + 1024);
        const auto got = co_await stream.async_read_some(
            asio::buffer(answer) + before, asio::redirect_error(asio::use_awaitable, failed));
        answer.resize(before + got);
        auto head = read_tunnel_answer(answer);
        if (!head) {
            co_return head.error();
        }
        if (*head) {
            if (**head != answer.size()) {
                co_return error{errc::invalid_input, "the proxy said more than that it connected"};
            }
            co_return result<void>();
        }
    }
    if (limit.expired()) {
        co_return error{errc::timed_out, "no answer of the proxy within " +
                                             std::to_string(options.timeout.count()) + " ms"};
    }
    co_return error{failed, "the proxy does not answer"};
}

// Carries bytes between the proxy's TLS and our end of a socket pair. Lives until both are closed.
class carrier {
public:
    carrier(secure_connection outer, tcp_socket inner)
        : outer_(std::move(outer)),
          inner_(std::move(inner)),
          rest_(inner_.get_executor(), [this] { close(outer_.stream->next_layer()); }) {}

    static asio::awaitable<void> inwards(std::shared_ptr<carrier> self) {
        std::string piece(piece_size, '\0');
        error_code failed;
        while (!failed) {
            const auto got = co_await self->outer_.stream->async_read_some(
                asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
            // Once its holder has closed it, what comes is read and dropped.
            error_code unwanted;
            co_await asio::async_write(self->inner_, asio::buffer(piece.data(), got),
                                       asio::redirect_error(asio::use_awaitable, unwanted));
        }
        error_code ignored;
        self->inner_.shutdown(tcp_socket::shutdown_send, ignored);
        self->rest_.disarm();
    }

    static asio::awaitable<void> outwards(std::shared_ptr<carrier> self) {
        std::string piece(piece_size, '\0');
        error_code failed;
        while (!failed) {
            const auto got = co_await self->inner_.async_read_some(
                asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
            if (got != 0) {
                co_await asio::async_write(*self->outer_.stream, asio::buffer(piece.data(), got),
                                           asio::redirect_error(asio::use_awaitable, failed));
            }
        }
        error_code ignored;
        self->rest_.arm(farewell);
        self->outer_.stream->next_layer().shutdown(tcp_socket::shutdown_send, ignored);
        self->inner_.shutdown(tcp_socket::shutdown_both, ignored);
    }

private:
    secure_connection outer_;
    tcp_socket inner_;
    deadline rest_;
};

result<plain_connection> carry(secure_connection outer, const asio::any_io_executor& executor) {
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return errno_error("cannot make a pair of sockets");
    }
    // To Asio a socket is a descriptor; nobody asks these for an address.
    tcp_socket inner(executor, tcp::v4(), pair[0]);
    tcp_socket given(executor, tcp::v4(), pair[1]);
    auto remote = outer.remote_address;
    const auto both = std::make_shared<carrier>(std::move(outer), std::move(inner));
    asio::co_spawn(executor, carrier::inwards(both), asio::detached);
    asio::co_spawn(executor, carrier::outwards(both), asio::detached);
    return plain_connection{std::move(given), std::move(remote)};
}

}  // namespace

asio::awaitable<result<plain_connection>> dial_tunnel(dial_options options) {
    const auto started = std::chrono::steady_clock::now();
    const auto left = [&] {
        return options.timeout - (std::chrono::steady_clock::now() - started);
    };
    const auto& proxy = *options.proxy;
    dial_options to;
    to.host = proxy.host;
    to.port = proxy.port;
    to.timeout = options.timeout;
    if (!proxy.secure) {
        auto plain = co_await dial_plain(std::move(to));
        if (!plain) {
            co_return plain.error();
        }
        const auto asked = co_await ask(plain->socket, plain->socket, options, left());
        if (!asked) {
            co_return asked.error();
        }
        co_return std::move(*plain);
    }
    auto context = proxy.tls ? proxy.tls() : make_client_context({});
    if (!context) {
        co_return context.error();
    }
    auto secure = co_await dial_tls(std::move(*context), std::move(to));
    if (!secure) {
        co_return secure.error();
    }
    auto& stream = *secure->stream;
    const auto asked = co_await ask(stream, stream.next_layer(), options, left());
    if (!asked) {
        co_return asked.error();
    }
    const auto executor = co_await asio::this_coro::executor;
    co_return carry(std::move(*secure), executor);
}

}  // namespace evergrass::rt::detail
