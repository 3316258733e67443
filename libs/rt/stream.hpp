#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/rt/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace evergrass::rt {

struct http_proxy;

namespace asio = boost::asio;
using tcp_socket = asio::ip::tcp::socket;
using tls_stream = asio::ssl::stream<tcp_socket>;

// A connection whose TLS handshake is done.
struct secure_connection {
    std::unique_ptr<tls_stream> stream;
    std::shared_ptr<tls_context> context;  // kept alive as long as the stream
    std::string alpn;                      // what was agreed, or empty
    std::optional<peer_certificate> peer;
    std::string remote_address;  // "127.0.0.1:51234", for logs
};

struct plain_connection {
    tcp_socket socket;
    std::string remote_address;
};

struct listen_options {
    std::string address = "127.0.0.1";  // or "0.0.0.0", "::", "::1"
    std::uint16_t port = 0;             // 0: the system picks one
    std::chrono::milliseconds handshake_timeout{10'000};
    std::size_t max_handshakes = 256;  // more wait in the listen backlog
};

// Accepts connections and, for TLS, carries out the handshake under a time limit, so that a client
// that says nothing holds a slot for `handshake_timeout` and no longer. When descriptors run out it
// logs once, waits and goes on. Lives on `executor`; destroy or stop() it there.
class listener {
public:
    using on_secure = std::function<void(secure_connection)>;
    using on_plain = std::function<void(plain_connection)>;
    // Asked at each handshake, so a renewed certificate serves the next connection.
    using context_source = std::function<std::shared_ptr<tls_context>()>;

    // The error names address and port and, for EADDRINUSE and EACCES, says what to do.
    static result<std::unique_ptr<listener>> open_tls(asio::any_io_executor executor,
                                                      const listen_options& options,
                                                      context_source contexts, on_secure accepted,
                                                      logger log);
    static result<std::unique_ptr<listener>> open_plain(asio::any_io_executor executor,
                                                        const listen_options& options,
                                                        on_plain accepted, logger log);
    ~listener();

    std::uint16_t port() const;  // the real one, when 0 was asked for
    void stop();                 // no connection is handed out afterwards

private:
    class implementation;
    explicit listener(std::shared_ptr<implementation> implementation);
    std::shared_ptr<implementation> implementation_;
};

struct dial_options {
    std::string host;  // name or address to connect to
    std::uint16_t port = 0;
    std::string server_name;  // verified against the certificate, sent as SNI when it is a name;
                              // empty: `host`
    std::chrono::milliseconds timeout{10'000};  // name look-up, connect and handshake together
    // By whom to connect when it serves the host (libs/rt/proxy.hpp), which it looks up itself.
    // Null: directly.
    std::shared_ptr<const http_proxy> proxy;
};

// Connects and does the TLS handshake. The error's context says which host and port, through which
// proxy if any and, for TLS, explain_tls_failure's sentence.
asio::awaitable<result<secure_connection>> dial_tls(std::shared_ptr<tls_context> context,
                                                    dial_options options);
asio::awaitable<result<plain_connection>> dial_plain(dial_options options);

// Waits; false when cancelled.
asio::awaitable<bool> sleep_for(std::chrono::nanoseconds duration);

}  // namespace evergrass::rt
