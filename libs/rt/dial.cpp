#include "libs/base/errors.hpp"
#include "libs/rt/address.hpp"
#include "libs/rt/deadline.hpp"
#include "libs/rt/proxy.hpp"
#include "libs/rt/stream.hpp"
#include "libs/rt/tls_handle.hpp"
#include "libs/rt/tunnel.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace evergrass::rt {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

bool by_proxy(const dial_options& options) {
    return options.proxy && options.proxy->serves(options.host, options.port);
}

std::string where(const dial_options& options) {
    return options.host + " port " + std::to_string(options.port) +
           (by_proxy(options) ? " through the proxy " + options.proxy->name() : "");
}

// getaddrinfo() cannot be interrupted, so it is left behind when the time is up; `answer` keeps
// what it writes to alive.
struct look_up {
    explicit look_up(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}
    tcp::resolver resolver;
    asio::steady_timer done;
    bool answered = false;
    error_code failed;
    std::vector<tcp::endpoint> endpoints;
};

asio::awaitable<result<std::vector<tcp::endpoint>>> find(const dial_options& options) {
    error_code not_numeric;
    const auto address = asio::ip::make_address(options.host, not_numeric);
    if (!not_numeric) {
        co_return std::vector<tcp::endpoint>{{address, options.port}};
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto answer = std::make_shared<look_up>(executor);
    answer->done.expires_after(options.timeout);
    answer->resolver.async_resolve(options.host, std::to_string(options.port),
                                   [answer](error_code failed, const auto& found) {
                                       answer->answered = true;
                                       answer->failed = failed;
                                       for (const auto& entry : found) {
                                           answer->endpoints.push_back(entry.endpoint());
                                       }
                                       answer->done.cancel();
                                   });
    error_code woken;
    if (!answer->answered) {
        co_await answer->done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    if (!answer->answered) {
        answer->resolver.cancel();
        if (woken) {
            co_return error{errc::closed, "connecting to " + where(options) + " was cancelled"};
        }
        co_return error{errc::timed_out, "no answer to the look-up of the name " + options.host};
    }
    if (answer->failed) {
        co_return error{answer->failed, "cannot find the address of " + options.host +
                                            "; check the host name and this machine's DNS"};
    }
    co_return answer->endpoints;
}

// Closes the socket when the whole attempt has taken too long.
result<void> outcome(const error_code& failed, const deadline& limit, const dial_options& options) {
    if (limit.expired()) {
        return error{errc::timed_out, "no connection to " + where(options) + " within " +
                                          std::to_string(options.timeout.count()) + " ms"};
    }
    if (failed) {
        return error{failed, "cannot connect to " + where(options)};
    }
    return {};
}

std::string remote_text(const tcp_socket& socket) {
    error_code failed;
    const auto remote = socket.remote_endpoint(failed);
    return failed ? std::string("unknown") : to_text(remote);
}

asio::awaitable<error_code> connect(tcp_socket& socket, std::vector<tcp::endpoint> endpoints) {
    error_code failed;
    co_await asio::async_connect(socket, endpoints,
                                 asio::redirect_error(asio::use_awaitable, failed));
    if (!failed) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        socket.set_option(asio::socket_base::keep_alive(true), ignored);
    }
    co_return failed;
}

}  // namespace

std::string to_text(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address().to_string();
    const auto port = ":" + std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]" + port : address + port;
}

asio::awaitable<result<plain_connection>> dial_plain(dial_options options) {
    if (by_proxy(options)) {
        auto tunnel = co_await detail::dial_tunnel(options);
        if (!tunnel) {
            co_return with_context(tunnel.error(), "cannot connect to " + where(options));
        }
        co_return std::move(tunnel);
    }
    const auto started = std::chrono::steady_clock::now();
    auto endpoints = co_await find(options);
    if (!endpoints) {
        co_return endpoints.error();
    }
    const auto executor = co_await asio::this_coro::executor;
    tcp_socket socket(executor);
    deadline limit(socket.get_executor(), [&socket] {
        error_code ignored;
        socket.close(ignored);
    });
    limit.arm(options.timeout - (std::chrono::steady_clock::now() - started));
    const auto failed = co_await connect(socket, *endpoints);
    limit.disarm();
    if (auto connected = outcome(failed, limit, options); !connected) {
        co_return connected.error();
    }
    auto remote = remote_text(socket);
    co_return plain_connection{std::move(socket), std::move(remote)};
}

asio::awaitable<result<secure_connection>> dial_tls(std::shared_ptr<tls_context> context,
                                                    dial_options options) {
    const auto started = std::chrono::steady_clock::now();
    auto plain = co_await dial_plain(options);
    if (!plain) {
        co_return plain.error();
    }
    secure_connection connection;
    connection.context = std::move(context);
    connection.remote_address = std::move(plain->remote_address);
    connection.stream = std::make_unique<tls_stream>(std::move(plain->socket), *connection.context);
    auto& stream = *connection.stream;
    const auto& name = options.server_name.empty() ? options.host : options.server_name;
    if (auto named = detail::demand_server_name(stream.native_handle(), name); !named) {
        co_return named.error();
    }
    deadline limit(stream.get_executor(), [&stream] {
        error_code ignored;
        stream.next_layer().close(ignored);
    });
    limit.arm(options.timeout - (std::chrono::steady_clock::now() - started));
    error_code failed;
    co_await stream.async_handshake(tls_stream::client,
                                    asio::redirect_error(asio::use_awaitable, failed));
    limit.disarm();
    if (failed && !limit.expired()) {
        co_return error{failed, "cannot connect to " + where(options) + ": " +
                                    explain_tls_failure(failed, stream.native_handle())};
    }
    if (auto done = outcome(failed, limit, options); !done) {
        co_return done.error();
    }
    connection.peer = detail::peer_of(stream.native_handle());
    connection.alpn = detail::agreed_protocol(stream.native_handle());
    co_return connection;
}

asio::awaitable<bool> sleep_for(std::chrono::nanoseconds duration) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        co_return false;
    }
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, duration);
    error_code failed;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
}

}  // namespace evergrass::rt
