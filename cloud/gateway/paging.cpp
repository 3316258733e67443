#include "cloud/gateway/paging.hpp"

#include "libs/base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace evergrass::cloud {
namespace {

// Tells our tokens from other base64, and this form of them from a later one.
constexpr std::string_view token_prefix = "1:";

api_error refused(const paging_style& style, std::string message) {
    return {400, std::string(style.error_code), std::move(message), {}};
}

std::optional<std::int64_t> size_of(const json::value& sent) {
    if (const auto* text = sent.if_string()) {
        std::int64_t number = 0;
        const auto* end = text->data() + text->size();
        const auto [stop, code] = std::from_chars(text->data(), end, number);
        return code == std::errc() && stop == end ? std::optional(number) : std::nullopt;
    }
    boost::system::error_code code;
    const auto number = sent.to_number<std::int64_t>(code);
    return code ? std::nullopt : std::optional(number);
}

}  // namespace

answer<page> requested_page(const call& from, const paging_style& style) {
    page wanted;
    wanted.size = style.default_size;
    if (const auto* sent = from.input.if_contains(style.size_member)) {
        const auto size = size_of(*sent);
        if (!size || *size < 1) {
            return refused(style, std::string(style.size_member) + " must be a number from 1 on.");
        }
        wanted.size = std::min(static_cast<std::size_t>(*size), style.largest_size);
    }
    const auto token = string_member(from.input, style.token_member);
    if (token && !token->empty()) {
        auto key = base64_decode(*token);
        if (!key || !key->starts_with(token_prefix)) {
            return refused(style, std::string(style.token_member) +
                                      " is not a token that this list returned.");
        }
        wanted.after = key->substr(token_prefix.size());
    }
    return wanted;
}

std::string page_token(std::string_view key) {
    return base64_encode(std::string(token_prefix) + std::string(key));
}

}  // namespace evergrass::cloud
