#include "libs/base/encoding.hpp"
#include "libs/mqtt/websocket.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <optional>

// The HTTP request that a WebSocket begins with.
namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_request_bytes = 8 * 1024;
// What clients ask for who are told no path asks for the second.
constexpr std::string_view path = "/mqtt";
constexpr std::string_view no_path = "/";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_without_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The text before the next `separator`, which is taken off `rest` with it.
std::string_view next_part(std::string_view& rest, std::string_view separator) {
    const auto end = rest.find(separator);
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + separator.size());
    return part;
}

// Calls for each element of a comma-separated list until it says true.
template <class Call>
bool any_of_list(std::string_view list, Call call) {
    while (!list.empty()) {
        if (call(trimmed(next_part(list, ",")))) {
            return true;
        }
    }
    return false;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

struct headers {
    bool well_formed = true;
    bool upgrade = false;
    bool connection = false;
    std::string_view key;
    std::size_t keys = 0;
    std::string_view version;
    std::string_view protocol;  // of those offered, the one to choose
    bool has_body = false;
};

void take_header(headers& all, std::string_view name, std::string_view value) {
    if (equal_without_case(name, "Upgrade")) {
        all.upgrade |= any_of_list(
            value, [](std::string_view one) { return equal_without_case(one, "websocket"); });
    } else if (equal_without_case(name, "Connection")) {
        all.connection |= any_of_list(
            value, [](std::string_view one) { return equal_without_case(one, "upgrade"); });
    } else if (equal_without_case(name, "Sec-WebSocket-Key")) {
        all.key = value;
        ++all.keys;
    } else if (equal_without_case(name, "Sec-WebSocket-Version")) {
        all.version = value;
    } else if (equal_without_case(name, "Sec-WebSocket-Protocol")) {
        for (const std::string_view known : {"mqtt", "mqttv3.1"}) {
            if (all.protocol.empty() &&
                any_of_list(value, [&](std::string_view one) { return one == known; })) {
                all.protocol = known;
            }
        }
    } else if (equal_without_case(name, "Transfer-Encoding") ||
               (equal_without_case(name, "Content-Length") && value != "0")) {
        all.has_body = true;
    }
}

headers read_headers(std::string_view lines) {
    headers all;
    while (!lines.empty()) {
        const auto line = next_part(lines, "\r\n");
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon);
        if (colon == std::string_view::npos || name.empty() ||
            !std::all_of(name.begin(), name.end(), is_name_character)) {
            all.well_formed = false;
            return all;
        }
        take_header(all, name, trimmed(line.substr(colon + 1)));
    }
    return all;
}

// RFC 6455 4.2.2.
std::string accept_of(std::string_view key) {
    const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::string hash(SHA_DIGEST_LENGTH, '\0');
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
    return base64_encode(hash);
}

upgrade_request refused(std::string_view status, std::string why, std::string_view more = {}) {
    upgrade_request no;
    no.what = upgrade_request::verdict::refused;
    no.answer = "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(more) +
                "Content-Type: text/plain\r\nContent-Length: " + std::to_string(why.size() + 1) +
                "\r\nConnection: close\r\n\r\n" + why + "\n";
    no.why = std::move(why);
    return no;
}

upgrade_request bad(std::string why) {
    return refused("400 Bad Request", std::move(why));
}

upgrade_request upgrade_required() {
    return refused("426 Upgrade Required",
                   "MQTT over WebSocket, version 13, is what is served here",
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
}

// What is wrong with a request line; nullopt: it is a GET of our path.
std::optional<upgrade_request> judge_line(std::string_view line) {
    const auto method = next_part(line, " ");
    auto target = next_part(line, " ");
    if (line != "HTTP/1.1" || target.empty()) {
        return bad("this is no HTTP/1.1 request");
    }
    if (method != "GET") {
        return bad("a WebSocket begins with GET");
    }
    if (const auto wanted = next_part(target, "?"); wanted != path && wanted != no_path) {
        return refused("404 Not Found", "MQTT is served at /mqtt");
    }
    return std::nullopt;
}

// A request that cannot become good any more, before its end has come.
bool hopeless(std::string_view begin) {
    constexpr std::string_view get = "GET /";
    return begin.substr(0, get.size()) != get.substr(0, begin.size());
}

}  // namespace

upgrade_request read_upgrade(std::string_view received) {
    constexpr std::string_view end_of_headers = "\r\n\r\n";
    const auto end = received.substr(0, max_request_bytes).find(end_of_headers);
    if (end == std::string_view::npos) {
        if (received.size() >= max_request_bytes) {
            return bad("the request's headers are too long");
        }
        return hopeless(received) ? bad("this is no HTTP GET") : upgrade_request();
    }
    auto lines = received.substr(0, end + 2);
    if (auto no = judge_line(next_part(lines, "\r\n"))) {
        return *no;
    }
    const auto all = read_headers(lines);
    if (!all.well_formed || all.has_body) {
        return bad("the request's headers are malformed, or it has a body");
    }
    if (!all.upgrade || !all.connection || all.version != "13") {
        return upgrade_required();
    }
    const auto key = base64_decode(all.key);
    if (all.keys != 1 || !key || key->size() != 16) {
        return bad("Sec-WebSocket-Key is not 16 bytes in base64");
    }
    if (all.protocol.empty()) {
        return bad("the WebSocket subprotocol \"mqtt\" was not offered [MQTT-6.0.0-3]");
    }
    upgrade_request yes;
    yes.what = upgrade_request::verdict::accepted;
    yes.size = end + end_of_headers.size();
    yes.answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_of(all.key) + "\r\nSec-WebSocket-Protocol: " + std::string(all.protocol) +
        "\r\n\r\n";
    return yes;
}

}  // namespace evergrass::mqtt
