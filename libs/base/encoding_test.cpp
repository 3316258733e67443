#include "libs/base/encoding.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass {
namespace {

TEST(base64, agrees_with_the_vectors_of_rfc_4648) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded).value(), plain);
    }
}

TEST(base64, every_byte_survives) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
}

TEST(base64, refuses_what_is_not_standard_and_padded) {
    for (const auto* text : {"Zg", "Zg=", "Zg==\n", "Z===", "====", "Zm9-", "Zg==Zg==", "Z=g="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
}

TEST(hex, survives_and_refuses) {
    EXPECT_EQ(hex_encode(std::string_view("\x00\xff", 2)), "00ff");
    EXPECT_EQ(hex_decode("00fF").value(), std::string("\x00\xff", 2));
    EXPECT_FALSE(hex_decode("0"));
    EXPECT_FALSE(hex_decode("0g"));
}

TEST(percent_encoding, keeps_unreserved_bytes_alone) {
    EXPECT_EQ(percent_encode("a-Z_0.~/ \xc3\xa9"), "a-Z_0.~%2F%20%C3%A9");
    EXPECT_EQ(percent_encode("a/b", true), "a/b");
    EXPECT_EQ(percent_decode("%2f+%41").value(), "/+A");
    for (const auto* text : {"%", "%4", "%4g", "a%"}) {
        EXPECT_FALSE(percent_decode(text)) << text;
    }
}

TEST(utf8, tells_well_formed_text_from_the_rest) {
    for (const auto* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    for (const auto* text : {"\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80",
                             "\xe2\x82", "\xf8\x88\x80\x80\x80"}) {
        EXPECT_FALSE(is_utf8(text));
    }
}

}  // namespace
}  // namespace evergrass
