#include "libs/mqtt/text.hpp"

#include "libs/base/encoding.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace evergrass::mqtt::wire {
namespace {

unsigned expected(std::string_view text) {
    if (!is_utf8(text)) {
        return ill_formed;
    }
    return (text.find_first_of("+#") == std::string_view::npos ? 0U : has_wildcard) |
           (text.find('\0') == std::string_view::npos ? 0U : has_nul);
}

// What is found before the place that is ill-formed may be told or not.
unsigned found(std::string_view text) {
    const auto bits = scan_text(text);
    return (bits & ill_formed) != 0 ? ill_formed : bits;
}

TEST(scan_text, sees_what_is_odd_at_each_place_of_each_length) {
    for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const unsigned value : {0x00U, 0x01U, 0x08U, 0x22U, 0x23U, 0x24U, 0x2AU, 0x2BU,
                                         0x2CU, 0x7FU, 0x80U, 0xA3U, 0xABU, 0xFFU}) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(value);
                ASSERT_EQ(found(text), expected(text)) << size << " " << at << " " << value;
            }
        }
    }
    EXPECT_EQ(scan_text(""), 0U);
}

TEST(scan_text, knows_every_code_point_and_no_other) {
    for (unsigned first = 0xBF; first < 256; ++first) {
        for (unsigned second = 0x7F; second <= 0xC0; ++second) {
            for (const char third : {'a', '\x7f', '\x80', '\xbf', '\xc0'}) {
                for (const char fourth : {'a', '\x80', '\xbf', '\xff'}) {
                    const char bytes[]{static_cast<char>(first), static_cast<char>(second), third,
                                       fourth};
                    for (std::size_t size = 1; size <= 4; ++size) {
                        const std::string text(bytes, size);
                        ASSERT_EQ(found(text), expected(text)) << first << " " << second;
                    }
                }
            }
        }
    }
}

TEST(scan_text, agrees_about_random_texts) {
    std::mt19937 random(7);
    const std::string_view pieces[]{"a",
                                    "/",
                                    "+",
                                    "#",
                                    std::string_view("\0", 1),
                                    "\xC3\xA5",
                                    "\xE6\xB0\xB4",
                                    "\xF0\x9F\x92\xA7",
                                    "\xED\xA0\x80",
                                    "\x80",
                                    "plain text of some length"};
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (auto left = random() % 12; left > 0; --left) {
            text += pieces[random() % (random() % 4 == 0 ? std::size(pieces) : 2)];
        }
        ASSERT_EQ(found(text), expected(text)) << text;
    }
}

}  // namespace
}  // namespace evergrass::mqtt::wire
