#include "libs/mqtt/text.hpp"

namespace evergrass::mqtt::wire {
namespace {

// The bytes of a well-formed sequence that begins with `first`, and what its second byte may be
// (table 3-7 of the Unicode standard); 0 for a byte that begins none.
struct sequence {
    std::size_t size;
    std::uint8_t least;
    std::uint8_t most;
};

sequence sequence_of(std::uint8_t first) {
    if (first < 0xC2) {
        return {0, 0, 0};  // a continuation, or an overlong form of ASCII
    }
    if (first < 0xE0) {
        return {2, 0x80, 0xBF};
    }
    if (first < 0xF0) {
        // Not overlong; no surrogates.
        return {3, static_cast<std::uint8_t>(first == 0xE0 ? 0xA0 : 0x80),
                static_cast<std::uint8_t>(first == 0xED ? 0x9F : 0xBF)};
    }
    if (first < 0xF5) {
        // Not overlong; up to U+10FFFF.
        return {4, static_cast<std::uint8_t>(first == 0xF0 ? 0x90 : 0x80),
                static_cast<std::uint8_t>(first == 0xF4 ? 0x8F : 0xBF)};
    }
    return {0, 0, 0};
}

bool well_formed(const char* at, std::size_t left, const sequence& expected) {
    if (expected.size == 0 || left < expected.size) {
        return false;
    }
    const auto second = static_cast<std::uint8_t>(at[1]);
    if (second < expected.least || second > expected.most) {
        return false;
    }
    for (std::size_t i = 2; i < expected.size; ++i) {
        if ((static_cast<std::uint8_t>(at[i]) & 0xC0U) != 0x80) {
            return false;
        }
    }
    return true;
}

}  // namespace

unsigned scan_text_slowly(std::string_view text) {
    unsigned found = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        const auto byte = static_cast<std::uint8_t>(*at);
        if (byte < 0x80) {
            found |= byte == '+' || byte == '#' ? has_wildcard : 0U;
            found |= byte == 0 ? has_nul : 0U;
            ++at;
            continue;
        }
        const auto expected = sequence_of(byte);
        if (!well_formed(at, static_cast<std::size_t>(end - at), expected)) {
            return found | ill_formed;
        }
        at += expected.size;
    }
    return found;
}

}  // namespace evergrass::mqtt::wire
