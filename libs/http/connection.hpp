#pragma once

#include "libs/rt/stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>

namespace evergrass::http {

struct io_outcome {
    boost::system::error_code failed;
    std::size_t bytes = 0;
};

// One byte stream, with or without TLS, so that the rest of this folder is written and compiled
// once. One read and one write may be pending at a time.
class connection {
public:
    explicit connection(rt::secure_connection secure) : stream_(std::move(secure)) {}
    explicit connection(rt::plain_connection plain) : stream_(std::move(plain)) {}

    boost::asio::awaitable<io_outcome> read_some(boost::asio::mutable_buffer into);
    boost::asio::awaitable<io_outcome> write(boost::asio::const_buffer bytes);
    // Ends the connection so that the other side gets everything that was written, although it may
    // still be sending: closes our half, then reads and drops what comes, at most `limit`.
    boost::asio::awaitable<void> shut_down(std::chrono::milliseconds limit);

    // For connections without a time limit: the system looks whether the other side is still there.
    void watch_for_dead_peer();
    void cancel();  // pending operations fail; the connection can still be used
    void close();
    bool is_tls() const { return std::holds_alternative<rt::secure_connection>(stream_); }
    boost::asio::any_io_executor executor();
    const std::string& remote_address() const;
    std::optional<rt::peer_certificate> peer() const;
    // A sentence for a failed operation, TLS alerts explained.
    std::string explain(const boost::system::error_code& failed) const;

private:
    rt::tcp_socket& socket();

    std::variant<rt::secure_connection, rt::plain_connection> stream_;
};

}  // namespace evergrass::http
