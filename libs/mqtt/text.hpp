#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// One pass over a UTF-8 string of a packet (MQTT 1.5.3, MQTT5 1.5.4).
namespace evergrass::mqtt::wire {

// What scan_text found, as bits.
inline constexpr unsigned has_wildcard = 1;  // '+' or '#'
inline constexpr unsigned has_nul = 2;
inline constexpr unsigned ill_formed = 4;  // no UTF-8; what follows was not looked at

unsigned scan_text_slowly(std::string_view text);

// True when all eight bytes are ASCII, and neither NUL nor a wildcard.
inline bool eight_plain_letters(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    constexpr std::uint64_t highs = 0x8080'8080'8080'8080;
    // '+' is '#' with bit 3 set, so that both become 0 here.
    const std::uint64_t wild = (word | ones * 0x08) ^ ones * '+';
    // Each byte with its high bit set, less one, has that bit still unless the byte was 0. Nothing
    // is borrowed from the next one.
    return (((word | highs) - ones) & ((wild | highs) - ones) & ~word & highs) == highs;
}

template <class Word>
Word load_word(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// 0 for a text that is none of the above. Topics are nearly always plain ASCII: that is told eight
// bytes at a time, the last ones together with some that were looked at before.
inline unsigned scan_text(std::string_view text) {
    const char* at = text.data();
    const std::size_t size = text.size();
    bool plain = true;
    if (size >= 8) {
        const char* const last = at + size - 8;
        for (; plain && at < last; at += 8) {
            plain = eight_plain_letters(load_word<std::uint64_t>(at));
        }
        plain = plain && eight_plain_letters(load_word<std::uint64_t>(last));
    } else if (size >= 4) {
        plain = eight_plain_letters(std::uint64_t{load_word<std::uint32_t>(at)} << 32U |
                                    load_word<std::uint32_t>(at + size - 4));
    } else {
        return size == 0 ? 0 : scan_text_slowly(text);
    }
    return plain ? 0 : scan_text_slowly(text);
}

}  // namespace evergrass::mqtt::wire
