#include "libs/base/errors.hpp"
#include "libs/rt/address.hpp"
#include "libs/rt/deadline.hpp"
#include "libs/rt/stream.hpp"
#include "libs/rt/tls_handle.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <set>

namespace evergrass::rt {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr auto wait_for_descriptors = 200ms;
// How long a refused client may take to read the alert that says why.
constexpr auto linger_limit = 2s;

bool out_of_resources(const error_code& code) {
    return code == boost::system::errc::too_many_files_open ||
           code == boost::system::errc::too_many_files_open_in_system ||
           code == boost::system::errc::no_buffer_space ||
           code == boost::system::errc::not_enough_memory;
}

error listen_error(const error_code& code, const listen_options& options) {
    const auto where = options.address + " port " + std::to_string(options.port);
    std::string advice;
    if (code == boost::system::errc::address_in_use) {
        advice =
            "; another program listens there: stop it (`ss -ltnp` names it) or choose "
            "another port";
    } else if (code == boost::system::errc::permission_denied) {
        advice = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    } else if (code == boost::system::errc::address_not_available) {
        advice = "; no interface of this machine has that address";
    }
    return {code, "cannot listen on " + where + advice};
}

void tune(tcp_socket& socket) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

// Closing at once with bytes of the client unread would send a reset, which overtakes the alert.
asio::awaitable<void> linger(tls_stream& stream) {
    auto& socket = stream.next_layer();
    error_code failed;
    socket.shutdown(tcp_socket::shutdown_send, failed);
    std::array<char, 4096> rest;
    for (std::size_t total = 0; !failed && total < 256 * 1024;) {
        total += co_await socket.async_read_some(asio::buffer(rest),
                                                 asio::redirect_error(asio::use_awaitable, failed));
    }
}

}  // namespace

class listener::implementation : public std::enable_shared_from_this<listener::implementation> {
public:
    implementation(asio::any_io_executor executor, const listen_options& options,
                   context_source contexts, on_secure secure, on_plain plain, logger log)
        : acceptor_(executor),
          pause_(executor),
          options_(options),
          contexts_(std::move(contexts)),
          secure_(std::move(secure)),
          plain_(std::move(plain)),
          log_(std::move(log)) {}

    result<void> open() {
        error_code failed;
        const auto address = asio::ip::make_address(options_.address, failed);
        if (failed) {
            return error{errc::invalid_input,
                         "'" + options_.address + "' is not an IP address to listen on"};
        }
        const asio::ip::tcp::endpoint where(address, options_.port);
        acceptor_.open(where.protocol(), failed);
        if (!failed && address.is_v6()) {
            acceptor_.set_option(asio::ip::v6_only(!address.is_unspecified()), failed);
        }
        if (!failed) {
            acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
        }
        if (!failed) {
            acceptor_.bind(where, failed);
        }
        if (!failed) {
            acceptor_.listen(asio::socket_base::max_listen_connections, failed);
        }
        if (failed) {
            return listen_error(failed, options_);
        }
        port_ = acceptor_.local_endpoint().port();
        return {};
    }

    void start() {
        asio::co_spawn(acceptor_.get_executor(), accept_loop(shared_from_this()), asio::detached);
    }

    void stop() {
        if (stopped_) {
            return;
        }
        stopped_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        for (auto* stream : handshakes_) {
            stream->next_layer().close(ignored);
        }
    }

    std::uint16_t port() const { return port_; }

private:
    static asio::awaitable<void> accept_loop(std::shared_ptr<implementation> self) {
        while (!self->stopped_) {
            if (self->handshakes_.size() >= self->options_.max_handshakes) {
                co_await self->wait_for_slot();
                continue;
            }
            error_code failed;
            tcp_socket socket(self->acceptor_.get_executor());
            co_await self->acceptor_.async_accept(
                socket, asio::redirect_error(asio::use_awaitable, failed));
            if (self->stopped_) {
                co_return;
            }
            if (failed) {
                co_await self->after_failed_accept(failed);
                continue;
            }
            self->starved_ = false;
            self->take(std::move(socket));
        }
    }

    asio::awaitable<void> wait_for_slot() {
        error_code ignored;
        pause_.expires_at(asio::steady_timer::time_point::max());
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::awaitable<void> after_failed_accept(error_code failed) {
        if (!out_of_resources(failed)) {
            log_.debug("A connection was lost while it was accepted.",
                       {{"error", failed.message()}});
            co_return;
        }
        if (!starved_) {
            log_.error(
                "No more connections can be accepted; raise the limit of open files "
                "(ulimit -n, LimitNOFILE=).",
                {{"port", port_}, {"error", failed.message()}});
        }
        starved_ = true;
        pause_.expires_after(wait_for_descriptors);
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    }

    void take(tcp_socket socket) {
        error_code failed;
        const auto remote = socket.remote_endpoint(failed);
        if (failed) {
            return;  // gone already
        }
        tune(socket);
        if (plain_) {
            plain_({std::move(socket), to_text(remote)});
            return;
        }
        auto context = contexts_();
        if (!context) {
            log_.warn("A connection was refused: there is no server certificate yet.",
                      {{"remote", to_text(remote)}, {"port", port_}});
            return;
        }
        secure_connection connection;
        connection.stream = std::make_unique<tls_stream>(std::move(socket), *context);
        connection.context = std::move(context);
        connection.remote_address = to_text(remote);
        handshakes_.insert(connection.stream.get());
        asio::co_spawn(acceptor_.get_executor(),
                       handshake(shared_from_this(), std::move(connection)), asio::detached);
    }

    static asio::awaitable<void> handshake(std::shared_ptr<implementation> self,
                                           secure_connection connection) {
        auto* stream = connection.stream.get();
        const bool done = co_await self->try_handshake(connection);
        self->handshakes_.erase(stream);
        self->pause_.cancel();
        if (done && !self->stopped_) {
            self->secure_(std::move(connection));
        }
    }

    asio::awaitable<bool> try_handshake(secure_connection& connection) {
        auto& stream = *connection.stream;
        deadline limit(acceptor_.get_executor(), [&stream] {
            error_code ignored;
            stream.next_layer().close(ignored);
        });
        limit.arm(options_.handshake_timeout);
        error_code failed;
        co_await stream.async_handshake(tls_stream::server,
                                        asio::redirect_error(asio::use_awaitable, failed));
        limit.disarm();
        if (!failed) {
            connection.peer = detail::peer_of(stream.native_handle());
            connection.alpn = detail::agreed_protocol(stream.native_handle());
            co_return true;
        }
        if (stopped_) {
            co_return false;
        }
        log_.info(
            "A TLS handshake failed.",
            {{"remote", connection.remote_address},
             {"port", port_},
             {"reason", limit.expired() ? std::string("the client took too long")
                                        : explain_tls_failure(failed, stream.native_handle())}});
        limit.arm(linger_limit);
        co_await linger(stream);
        co_return false;
    }

    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_;  // cancelled when a handshake ends
    listen_options options_;
    context_source contexts_;
    on_secure secure_;
    on_plain plain_;
    logger log_;
    std::uint16_t port_ = 0;
    std::set<tls_stream*> handshakes_;
    bool stopped_ = false;
    bool starved_ = false;
};

listener::listener(std::shared_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

listener::~listener() {
    stop();
}

result<std::unique_ptr<listener>> listener::open_tls(asio::any_io_executor executor,
                                                     const listen_options& options,
                                                     context_source contexts, on_secure accepted,
                                                     logger log) {
    auto made = std::make_shared<implementation>(std::move(executor), options, std::move(contexts),
                                                 std::move(accepted), nullptr, std::move(log));
    if (auto opened = made->open(); !opened) {
        return opened.error();
    }
    made->start();
    return std::unique_ptr<listener>(new listener(std::move(made)));
}

result<std::unique_ptr<listener>> listener::open_plain(asio::any_io_executor executor,
                                                       const listen_options& options,
                                                       on_plain accepted, logger log) {
    auto made = std::make_shared<implementation>(std::move(executor), options, nullptr, nullptr,
                                                 std::move(accepted), std::move(log));
    if (auto opened = made->open(); !opened) {
        return opened.error();
    }
    made->start();
    return std::unique_ptr<listener>(new listener(std::move(made)));
}

std::uint16_t listener::port() const {
    return implementation_->port();
}

void listener::stop() {
    implementation_->stop();
}

}  // namespace evergrass::rt
