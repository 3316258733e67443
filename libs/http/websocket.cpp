#include "libs/http/websocket.hpp"

#include "libs/base/encoding.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace evergrass::http {
namespace {

constexpr std::string_view version = "13";
constexpr std::size_t key_bytes = 16;

bool same_token(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

// The elements of every header of that name: "a, b" and another "c" are a, b, c.
std::vector<std::string_view> list_of(const fields& headers, std::string_view name) {
    constexpr std::string_view blanks = " \t";
    std::vector<std::string_view> elements;
    for (auto value : headers.get_all(name)) {
        while (!value.empty()) {
            const auto comma = std::min(value.find(','), value.size());
            auto element = value.substr(0, comma);
            value.remove_prefix(std::min(comma + 1, value.size()));
            element.remove_prefix(std::min(element.find_first_not_of(blanks), element.size()));
            element = element.substr(0, element.find_last_not_of(blanks) + 1);
            if (!element.empty()) {
                elements.push_back(element);
            }
        }
    }
    return elements;
}

bool has_token(const fields& headers, std::string_view name, std::string_view token) {
    const auto elements = list_of(headers, name);
    return std::any_of(elements.begin(), elements.end(),
                       [&](std::string_view each) { return same_token(each, token); });
}

response refusal(int status, std::string_view reason) {
    response answer;
    answer.status = status;
    answer.headers.add("content-type", "text/plain; charset=utf-8");
    answer.body = std::string(reason) + "\n";
    return answer;
}

// RFC 6455 §4.2.2, 5.4.
std::string accept_value(std::string_view key) {
    const auto input = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    ::EVP_Digest(input.data(), input.size(), digest.data(), &size, ::EVP_sha1(), nullptr);
    return base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

bool asks_for_websocket(const request& asked) {
    return has_token(asked.headers, "upgrade", "websocket");
}

response answer_websocket(const request& asked, std::span<const std::string_view> protocols) {
    if (asked.method != "GET") {
        return refusal(405, "a WebSocket is asked for with GET");
    }
    if (!asks_for_websocket(asked) || !has_token(asked.headers, "connection", "upgrade")) {
        return refusal(400, "a WebSocket needs Connection: Upgrade and Upgrade: websocket");
    }
    if (asked.headers.get("sec-websocket-version") != version) {
        auto other = refusal(426, "only version 13 of WebSocket is spoken here");
        other.headers.add("sec-websocket-version", std::string(version));
        return other;
    }
    const auto keys = asked.headers.get_all("sec-websocket-key");
    const auto key = keys.size() == 1 ? base64_decode(keys.front()) : result<std::string>("");
    if (!key || key->size() != key_bytes) {
        return refusal(400, "Sec-WebSocket-Key must be 16 bytes in base64");
    }
    const auto offered = list_of(asked.headers, "sec-websocket-protocol");
    const auto chosen =
        std::find_if(protocols.begin(), protocols.end(), [&](std::string_view each) {
            return std::find(offered.begin(), offered.end(), each) != offered.end();
        });
    if (chosen == protocols.end()) {
        return refusal(400, "Sec-WebSocket-Protocol must offer " + std::string(protocols.front()));
    }
    response answer;
    answer.status = 101;
    answer.headers.add("upgrade", "websocket");
    answer.headers.add("sec-websocket-accept", accept_value(keys.front()));
    answer.headers.add("sec-websocket-protocol", std::string(*chosen));
    return answer;
}

}  // namespace evergrass::http
