#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace evergrass::rt {

// An HTTP proxy that connects its clients to other hosts (CONNECT, RFC 9110 §9.3.6).
struct http_proxy {
    bool secure = false;  // https: TLS up to the proxy too
    std::string host;
    std::uint16_t port = 80;
    std::string user_name;  // for Basic authentication; empty: none
    std::string password;
    // Reached without it: "host" and what is below it, ".host" only below, "*" all, an address, or
    // a network as "10.0.0.0/8"; each with ":port" for that port alone.
    std::vector<std::string> direct;
    // What the proxy's certificate is checked with when `secure`, asked for at each connection.
    std::function<result<std::shared_ptr<boost::asio::ssl::context>>()> tls;

    bool serves(std::string_view target, std::uint16_t target_port) const;
    // "https://proxy:3128": without user name and password.
    std::string name() const;
    // The same with them, percent-encoded: for whoever is to use it, and for no log.
    std::string url() const;
};

// "scheme://[user[:password]@]host[:port]", scheme http or https; ports 80 and 443 unless given.
// User name and password may be percent-encoded. The error never quotes what may hold a password.
result<http_proxy> parse_proxy_url(std::string_view url);

// Is it one of http_proxy::direct's forms?
bool is_direct_entry(std::string_view entry);

// The request for a connection to host and port.
std::string tunnel_request(const http_proxy& proxy, std::string_view host, std::uint16_t port);

// Longest head of an answer to that, blank line included.
constexpr std::size_t max_tunnel_answer_bytes = 16 * 1024;

// Reads what a proxy answered, from its first byte: nullopt as long as the head is not whole, else
// how many bytes it has; what follows is the other host's. Errors: the proxy refused, with what to
// do; what came is no HTTP; the head is too long. Outside bytes.
result<std::optional<std::size_t>> read_tunnel_answer(std::string_view received);

}  // namespace evergrass::rt
