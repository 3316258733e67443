#include "cloud/upstream/endpoint.hpp"

#include "libs/base/errors.hpp"

#include <charconv>

namespace evergrass::cloud::upstream {
namespace {

constexpr std::uint16_t port_of_https = 443;
constexpr std::uint16_t port_of_http = 80;

}  // namespace

std::string endpoint::host_header() const {
    return port == (tls ? port_of_https : port_of_http) ? host : host + ":" + std::to_string(port);
}

std::string endpoint::url() const {
    return (tls ? "https://" : "http://") + host_header();
}

result<endpoint> parse_endpoint(std::string_view field, std::string_view text) {
    const auto bad = [&] {
        return error{errc::invalid_input, std::string(field) + " '" + std::string(text) +
                                              "' is not http://HOST[:PORT] or https://HOST[:PORT]"};
    };
    endpoint read;
    read.tls = text.starts_with("https://");
    if (!read.tls && !text.starts_with("http://")) {
        return bad();
    }
    auto rest = text.substr(read.tls ? 8 : 7);
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    read.port = read.tls ? port_of_https : port_of_http;
    const auto colon = rest.find(':');
    read.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) {
        const auto digits = rest.substr(colon + 1);
        const auto* end = digits.data() + digits.size();
        const auto [stop, code] = std::from_chars(digits.data(), end, read.port);
        if (code != std::errc() || stop != end || read.port == 0) {
            return bad();
        }
    }
    // It goes into a header.
    for (const char c : read.host) {
        if (c <= ' ' || c >= 0x7f ||
            std::string_view("/?#@[]\\\"").find(c) != std::string_view::npos) {
            return bad();
        }
    }
    if (read.host.empty()) {
        return bad();
    }
    return read;
}

}  // namespace evergrass::cloud::upstream
