#include "libs/http/connection.hpp"

#include "libs/rt/deadline.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <sys/socket.h>

namespace evergrass::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t most_dropped_bytes = 16 * 1024 * 1024;

}  // namespace

rt::tcp_socket& connection::socket() {
    if (auto* secure = std::get_if<rt::secure_connection>(&stream_)) {
        return secure->stream->next_layer();
    }
    return std::get<rt::plain_connection>(stream_).socket;
}

asio::awaitable<io_outcome> connection::read_some(asio::mutable_buffer into) {
    io_outcome outcome;
    auto token = asio::redirect_error(asio::use_awaitable, outcome.failed);
    if (auto* secure = std::get_if<rt::secure_connection>(&stream_)) {
        outcome.bytes = co_await secure->stream->async_read_some(into, token);
    } else {
        outcome.bytes = co_await socket().async_read_some(into, token);
    }
    co_return outcome;
}

asio::awaitable<io_outcome> connection::write(asio::const_buffer bytes) {
    io_outcome outcome;
    auto token = asio::redirect_error(asio::use_awaitable, outcome.failed);
    if (auto* secure = std::get_if<rt::secure_connection>(&stream_)) {
        outcome.bytes = co_await asio::async_write(*secure->stream, bytes, token);
        co_return outcome;
    }
    // What the system takes at once needs no turn of the executor.
    const auto sent =
        ::send(socket().native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    const auto taken = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (taken < bytes.size()) {
        outcome.bytes = co_await asio::async_write(socket(), bytes + taken, token);
    }
    outcome.bytes += taken;
    co_return outcome;
}

asio::awaitable<void> connection::shut_down(std::chrono::milliseconds limit) {
    rt::deadline over(executor(), [this] { close(); });
    over.arm(limit);
    error_code failed;
    if (auto* secure = std::get_if<rt::secure_connection>(&stream_)) {
        co_await secure->stream->async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
    }
    failed.clear();
    socket().shutdown(rt::tcp_socket::shutdown_send, failed);
    std::array<char, 16 * 1024> dropped;
    for (std::size_t total = 0; !failed && total < most_dropped_bytes;) {
        total += co_await socket().async_read_some(
            asio::buffer(dropped), asio::redirect_error(asio::use_awaitable, failed));
    }
    close();
}

void connection::watch_for_dead_peer() {
    error_code ignored;
    socket().set_option(asio::socket_base::keep_alive(true), ignored);
}

void connection::cancel() {
    error_code ignored;
    socket().cancel(ignored);
}

void connection::close() {
    error_code ignored;
    socket().close(ignored);
}

asio::any_io_executor connection::executor() {
    return socket().get_executor();
}

const std::string& connection::remote_address() const {
    return std::visit([](const auto& c) -> const std::string& { return c.remote_address; },
                      stream_);
}

std::optional<rt::peer_certificate> connection::peer() const {
    const auto* secure = std::get_if<rt::secure_connection>(&stream_);
    return secure != nullptr ? secure->peer : std::nullopt;
}

std::string connection::explain(const error_code& failed) const {
    const auto* secure = std::get_if<rt::secure_connection>(&stream_);
    if (secure != nullptr && failed.category() == asio::error::get_ssl_category()) {
        return rt::explain_tls_failure(failed, secure->stream->native_handle());
    }
    if (failed == asio::error::eof) {
        return "the other side closed the connection";
    }
    return failed.message();
}

}  // namespace evergrass::http
