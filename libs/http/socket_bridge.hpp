#pragma once

#include "libs/base/result.hpp"
#include "libs/http/connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

namespace evergrass::http {

// Gives connections whose TLS we speak to those who want a plain socket: the bytes go both ways
// through one end of a socket pair, decrypted, 16 KiB at a time, so that whoever does not read
// holds the other up and no memory fills. The end of either side is passed on after what it sent;
// when the socket's holder closes it, the client has `farewell` to take the rest. Lives on one
// executor; call it there.
class socket_bridges {
public:
    explicit socket_bridges(boost::asio::any_io_executor executor,
                            std::chrono::milliseconds farewell = std::chrono::seconds(2));
    ~socket_bridges();  // cuts all

    // A descriptor that is the client from now on: a connected stream socket, non-blocking,
    // close-on-exec, the caller's to close. Error: the system has no more descriptors; the
    // connection is closed.
    result<int> open(connection from);
    std::size_t size() const;

    // For when the sockets' holders have closed them: waits until the clients have the rest.
    boost::asio::awaitable<void> drained();

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::http
