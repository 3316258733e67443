#include "libs/rt/proxy.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <charconv>

namespace evergrass::rt {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

constexpr std::string_view secure_scheme = "https://";
constexpr std::string_view plain_scheme = "http://";

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || port == 0) {
        return std::nullopt;
    }
    return port;
}

struct host_port {
    std::string host;
    std::optional<std::uint16_t> port;
};

// "host", "host:port", "[v6]:port", "v6". Nothing: a port that is none, or no host.
std::optional<host_port> split(std::string_view text) {
    host_port out;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        out.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!port.empty() && port[0] != ':') {
            return std::nullopt;
        }
    } else if (std::count(text.begin(), text.end(), ':') > 1) {
        out.host = text;
    } else {
        out.host = text.substr(0, text.find(':'));
        port = text.substr(out.host.size());
    }
    if (!port.empty()) {
        out.port = port_of(port.substr(1));
        if (!out.port) {
            return std::nullopt;
        }
    }
    return out.host.empty() ? std::nullopt : std::optional(std::move(out));
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; });
}

// A name, as far as it can be told from what is none, or an address.
bool is_host(const std::string& host) {
    if (!is_printable(host)) {  // Asio reads an address up to a NUL
        return false;
    }
    if (host.find(':') != std::string::npos) {
        error_code no_address;
        ip::make_address_v6(host, no_address);
        return !no_address && host.find('%') == std::string::npos;
    }
    return host.find_first_of("\"'<>@/\\?#%,;[]") == std::string::npos;
}

bool in_network(std::string_view network, const ip::address& address) {
    error_code bad;
    if (address.is_v4()) {
        const auto parsed = ip::make_network_v4(std::string(network), bad);
        return !bad && ip::make_network_v4(address.to_v4(), parsed.prefix_length()).canonical() ==
                           parsed.canonical();
    }
    const auto parsed = ip::make_network_v6(std::string(network), bad);
    return !bad && ip::make_network_v6(address.to_v6(), parsed.prefix_length()).canonical() ==
                       parsed.canonical();
}

bool is_network(std::string_view text) {
    error_code not_v4;
    error_code not_v6;
    ip::make_network_v4(std::string(text), not_v4);
    ip::make_network_v6(std::string(text), not_v6);
    return !not_v4 || !not_v6;
}

bool matches(std::string_view entry, const std::string& host, const error_code& is_name,
             const ip::address& address, std::uint16_t port) {
    if (entry == "*") {
        return true;
    }
    if (entry.find('/') != std::string_view::npos) {
        return !is_name && in_network(entry, address);
    }
    const auto wanted = split(entry);
    if (!wanted || (wanted->port && *wanted->port != port)) {
        return false;
    }
    error_code no_address;
    const auto same = ip::make_address(wanted->host, no_address);
    if (!no_address) {
        return !is_name && same == address;
    }
    auto name = std::string_view(wanted->host);
    const bool only_below = name.starts_with('.') || name.starts_with("*.");
    name.remove_prefix(name.starts_with("*.") ? 2 : (only_below ? 1 : 0));
    const auto suffix = "." + lower(name);
    return (!only_below && host == suffix.substr(1)) || host.ends_with(suffix);
}

std::string bracketed(std::string_view host) {
    const bool is_v6 = host.find(':') != std::string_view::npos;
    return is_v6 ? "[" + std::string(host) + "]" : std::string(host);
}

// Of "HTTP/1.1 200 Connection established"; the text after the number may be missing.
constexpr std::size_t status_at = 9;
constexpr std::size_t reason_at = 13;

std::optional<int> status_of(std::string_view line) {
    if (line.size() < reason_at - 1 || line[status_at - 1] != ' ' ||
        (line.size() >= reason_at && line[reason_at - 1] != ' ')) {
        return std::nullopt;
    }
    int status = 0;
    const char* const end = line.data() + reason_at - 1;
    const auto parsed = std::from_chars(line.data() + status_at, end, status);
    if (parsed.ec != std::errc() || parsed.ptr != end || status < 100) {
        return std::nullopt;
    }
    return status;
}

error refused(int status, std::string_view line) {
    std::string said = "HTTP " + std::to_string(status) + " ";
    for (const char c : line.substr(std::min(line.size(), reason_at), 100)) {
        said += c >= ' ' && c < 0x7F ? c : '?';
    }
    if (said.ends_with(' ')) {
        said.pop_back();
    }
    if (status == 407) {
        return {errc::denied,
                "the proxy does not accept the user name and password that "
                "'coreThing.networkProxy' in config.json gives (" +
                    said + "); it must take Basic authentication"};
    }
    if (status == 401 || status == 403 || status == 405) {
        return {errc::denied, "the proxy does not let this core connect there (" + said +
                                  "): allow it CONNECT to this host and port"};
    }
    return {errc::unavailable, "the proxy answered " + said};
}

}  // namespace

bool http_proxy::serves(std::string_view target, std::uint16_t target_port) const {
    const auto wanted = lower(target);
    error_code is_name;
    const auto address = ip::make_address(wanted, is_name);
    return std::none_of(direct.begin(), direct.end(), [&](const std::string& entry) {
        return matches(entry, wanted, is_name, address, target_port);
    });
}

std::string http_proxy::name() const {
    return std::string(secure ? secure_scheme : plain_scheme) + bracketed(host) + ":" +
           std::to_string(port);
}

std::string http_proxy::url() const {
    auto text = name();
    if (!user_name.empty()) {
        text.insert(text.find("//") + 2,
                    percent_encode(user_name) + ":" + percent_encode(password) + "@");
    }
    return text;
}

bool is_direct_entry(std::string_view entry) {
    if (!is_printable(entry)) {
        return false;
    }
    if (entry == "*" || (entry.find('/') != std::string_view::npos && is_network(entry))) {
        return true;
    }
    if (entry.starts_with("*.")) {
        entry.remove_prefix(2);
    }
    const auto parts = split(entry);
    return parts && parts->host != "." && is_host(parts->host) &&
           parts->host.find('*') == std::string::npos;
}

result<http_proxy> parse_proxy_url(std::string_view url) {
    http_proxy out;
    const auto scheme = lower(url.substr(0, url.find("://") + 3));
    if (scheme != secure_scheme && scheme != plain_scheme) {
        return error{
            errc::invalid_input,
            "begins with neither http:// nor https://, as in http://proxy.example.com:3128"};
    }
    out.secure = scheme == secure_scheme;
    out.port = out.secure ? 443 : 80;
    auto rest = url.substr(scheme.size());
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        if (slash + 1 != rest.size()) {
            return error{errc::invalid_input,
                         "has something after the host and port (a '/' in a user name or password "
                         "is written %2F)"};
        }
        rest.remove_suffix(1);
    }
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto who = rest.substr(0, at);
        const auto colon = who.find(':');
        auto user = percent_decode(who.substr(0, colon));
        auto secret = percent_decode(colon == std::string_view::npos ? "" : who.substr(colon + 1));
        if (!user || !secret) {
            return error{errc::invalid_input,
                         "has a '%' in its user name or password that begins no %XX: write %25"};
        }
        out.user_name = std::move(*user);
        out.password = std::move(*secret);
        rest.remove_prefix(at + 1);
    }
    auto parts = split(rest);
    if (!parts || !is_host(parts->host)) {
        return error{
            errc::invalid_input,
            "names no host with a port of 1 to 65535, as in http://proxy.example.com:3128"};
    }
    out.host = std::move(parts->host);
    out.port = parts->port.value_or(out.port);
    return out;
}

std::string tunnel_request(const http_proxy& proxy, std::string_view host, std::uint16_t port) {
    const auto where = bracketed(host) + ":" + std::to_string(port);
    auto text = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
    if (!proxy.user_name.empty()) {
        text += "Proxy-Authorization: Basic " +
                base64_encode(proxy.user_name + ":" + proxy.password) + "\r\n";
    }
    return text + "\r\n";
}

result<std::optional<std::size_t>> read_tunnel_answer(std::string_view received) {
    constexpr std::string_view protocol = "HTTP/1.";
    for (std::size_t passed = 0;;) {
        const auto answer = received.substr(passed);
        const auto begin = answer.substr(0, protocol.size());
        if (begin != protocol.substr(0, begin.size())) {
            return error{errc::invalid_input, "the proxy does not speak HTTP"};
        }
        const auto end = answer.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            if (received.size() >= max_tunnel_answer_bytes) {
                return error{errc::invalid_input, "the head of the proxy's answer does not end"};
            }
            return std::optional<std::size_t>();
        }
        const auto line = answer.substr(0, answer.find("\r\n"));
        const auto status = status_of(line);
        if (!status) {
            return error{errc::invalid_input, "the proxy's answer has no status"};
        }
        if (*status >= 300) {
            return refused(*status, line);
        }
        passed += end + 4;
        if (*status >= 200) {
            return std::optional(passed);
        }
        // 100 Continue and its like: the answer follows.
    }
}

}  // namespace evergrass::rt
