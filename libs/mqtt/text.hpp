#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

// One pass over a UTF-8 string of a packet (MQTT 1.5.3, MQTT5 1.5.4).
namespace evergrass::mqtt::wire {

// What scan_text found, as bits.
inline constexpr unsigned has_wildcard = 1;  // '+' or '#'
inline constexpr unsigned has_nul = 2;
inline constexpr unsigned ill_formed = 4;  // no UTF-8; what follows was not looked at

unsigned scan_text_slowly(std::string_view text);

// Sixteen letters at once; the compilers make SSE2 or NEON of it.
using letters = std::uint8_t __attribute__((vector_size(16)));

// Not 0 at the place of a letter that is NUL, a wildcard or not ASCII. '+' is '#' with bit 3 set.
inline letters odd_letters(letters text) {
    return reinterpret_cast<letters>(text == 0) |
           reinterpret_cast<letters>((text | 0x08) == std::uint8_t{'+'}) | (text & 0x80);
}

inline bool any(letters odd) {
    std::uint64_t halves[2];
    std::memcpy(halves, &odd, sizeof odd);
    return (halves[0] | halves[1]) != 0;
}

inline letters load_letters(const char* at) {
    letters text;
    std::memcpy(&text, at, sizeof text);
    return text;
}

// Fewer than sixteen: those at `head` and those at `tail`, each as many as a Word has bytes; they
// may be in part the same ones.
template <class Word>
letters load_letters(const char* head, const char* tail) {
    Word words[sizeof(letters) / sizeof(Word)];
    for (std::size_t i = 0; i < std::size(words); i += 2) {
        std::memcpy(&words[i], head, sizeof(Word));
        std::memcpy(&words[i + 1], tail, sizeof(Word));
    }
    return load_letters(reinterpret_cast<const char*>(words));
}

// The same of three letters at the most.
inline bool few_plain(std::string_view text) {
    for (const char letter : text) {
        const auto byte = static_cast<std::uint8_t>(letter);
        if (byte == 0 || byte >= 0x80 || byte == '+' || byte == '#') {
            return false;
        }
    }
    return true;
}

// Is there nothing in it that scan_text would find, nor anything but ASCII? Topics are nearly
// always so: that is told sixteen bytes at a time, the last ones together with some that were
// looked at before.
[[gnu::always_inline]] inline bool plain_text(std::string_view text) {
    const char* at = text.data();
    const std::size_t size = text.size();
    if (size >= 16) {
        const char* const last = at + size - 16;
        letters odd = odd_letters(load_letters(last));
        for (; at < last; at += 16) {
            odd |= odd_letters(load_letters(at));
        }
        return !any(odd);
    }
    if (size >= 8) {
        return !any(odd_letters(load_letters<std::uint64_t>(at, at + size - 8)));
    }
    if (size >= 4) {
        return !any(odd_letters(load_letters<std::uint32_t>(at, at + size - 4)));
    }
    return few_plain(text);
}

// 0 for a text that has none of the above.
inline unsigned scan_text(std::string_view text) {
    return plain_text(text) ? 0 : scan_text_slowly(text);
}

}  // namespace evergrass::mqtt::wire
