#pragma once

#include "libs/base/log.hpp"
#include "libs/http/message.hpp"
#include "libs/rt/stream.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace evergrass::http {

// Answers one request. May suspend for as long as it likes (long poll); the connection is watched
// meanwhile and the coroutine is cancelled when the client goes away. An exception becomes 500 and
// a log line.
using handler = std::function<boost::asio::awaitable<response>(request)>;

struct server_options {
    std::size_t max_header_bytes = 16 * 1024;
    std::size_t max_body_bytes = 64 * 1024 * 1024;
    std::chrono::milliseconds header_timeout{20'000};  // from the first byte of a request
    std::chrono::milliseconds body_timeout{60'000};    // without progress
    std::chrono::milliseconds idle_timeout{75'000};    // between requests of a connection
    std::size_t max_connections = 4096;                // more are answered 503 and closed
    // Of one address, without its port: more are closed at once. 0: as many as there may be.
    std::size_t max_connections_per_address = 0;
    std::function<void()> on_refused{};  // told of each connection over one of the two
    // Asked before the handler, for what is answered without waiting; takes the request only where
    // it answers. nullopt: the handler is asked. As fast as can be: nobody watches the connection.
    std::function<std::optional<response>(request&)> at_once{};
};

// HTTP/1.1 (and 1.0) on connections that someone else accepted. Answers `Expect: 100-continue`,
// reads chunked requests, always sends a `content-length` whose name is in lower case
// (spec/cloud.md §2: the Python device SDK searches for it), keeps connections alive. Malformed
// requests get 400, 413 or 431 with a one-line reason, and a log line. A connection that an answer
// upgrades (response::upgrade) is no longer the server's. Lives on one executor; call it there.
class server {
public:
    server(server_options options, handler handle, logger log);
    ~server();  // cuts every connection

    void serve(rt::secure_connection connection);
    void serve(rt::plain_connection connection);

    // Closes idle connections; busy ones finish their request, at most `grace`, then are cut.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::http
