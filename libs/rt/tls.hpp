#pragma once

#include "libs/base/result.hpp"
#include "libs/rt/tls_identity.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::rt {

using tls_context = boost::asio::ssl::context;

struct tls_server_options {
    tls_identity identity;
    client_auth authentication = client_auth::none;
    // Decides on the client's leaf by its id, inside the handshake: false sends a fatal alert.
    // Chains are not verified: AWS IoT and V1 admit by the exact certificate (spec/cloud.md §3).
    // Runs on the connection's thread; must not block.
    std::function<bool(const peer_certificate&)> admit;
    // Protocols offered by ALPN, in order of preference. A client that offers only others is still
    // accepted without ALPN (spec/cloud.md §6.3). Empty: ALPN is ignored.
    std::vector<std::string> alpn;
};

// TLS 1.2 and 1.3, V1's cipher suites for 1.2 among others. Fails when the chain or key cannot be
// read or do not belong together. Thread-safe once made. The context can be replaced at any time:
// connections that exist keep the one they began with.
result<std::shared_ptr<tls_context>> make_server_context(const tls_server_options& options);

struct tls_client_options {
    std::string ca_pem;                    // one or more CAs to trust; empty: the system's
    std::optional<tls_identity> identity;  // the client's own certificate
    std::vector<std::string> alpn;         // e.g. {"x-amzn-mqtt-ca"}; empty: none
};

// Verifies the server's chain and, by rt::dial_tls, its name or address.
result<std::shared_ptr<tls_context>> make_client_context(const tls_client_options& options);

// Why the last handshake on `handle` failed, in words for the person who set it up: "the server's
// certificate is not signed by a CA in the CA file", "is for another host name", "has expired",
// "the server refused our certificate (alert: certificate unknown)" ...
std::string explain_tls_failure(const boost::system::error_code& code, const SSL* handle);

}  // namespace evergrass::rt
