#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

namespace evergrass::mqtt {
namespace {

using namespace testing;
using ::testing::HasSubstr;

fault flaw_of_frame(std::string_view bytes, std::size_t limit = no_limit) {
    const auto next = next_frame(bytes, limit);
    EXPECT_FALSE(next);
    return next ? fault{reason::success, ""} : next.error();
}

TEST(next_frame, wants_more_of_nothing) {
    const auto next = next_frame("", no_limit);
    ASSERT_TRUE(next);
    EXPECT_FALSE(*next);
    EXPECT_FALSE(announced_size(""));
    EXPECT_FALSE(announced_size("\x30"));
}

TEST(next_frame, gives_type_flags_and_body) {
    const auto next = next_frame("\x3b\x03xyz\xc0"sv, no_limit);
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->type, packet_type::publish);
    EXPECT_EQ((*next)->flags, 0x0B);
    EXPECT_EQ((*next)->body, "xyz");
    EXPECT_EQ((*next)->size, 5U);
}

TEST(next_frame, reads_lengths_of_every_size) {
    for (const std::size_t length :
         {0U, 1U, 127U, 128U, 16'383U, 16'384U, 2'097'151U, 2'097'152U}) {
        std::string bytes = "\x30";
        for (auto left = length;;) {
            bytes.push_back(static_cast<char>((left & 0x7FU) | (left > 127 ? 0x80U : 0U)));
            left >>= 7U;
            if (left == 0) {
                break;
            }
        }
        EXPECT_EQ(announced_size(bytes), bytes.size() + length);
        bytes.append(length, 'x');
        EXPECT_EQ(frame_of(bytes).body.size(), length);
    }
    EXPECT_EQ(announced_size("\x30\xff\xff\xff\x7f"sv), 5U + 268'435'455);
}

TEST(next_frame, refuses_a_length_of_five_bytes_with_the_fourth) {
    for (const auto bytes : {"\x30\xff\xff\xff\xff"sv, "\x30\x80\x80\x80\x80\x01"sv}) {
        const auto flaw = flaw_of_frame(bytes);
        EXPECT_EQ(flaw.code, reason::malformed_packet);
        EXPECT_THAT(flaw.what, HasSubstr("PUBLISH has a length of more than four bytes"));
        EXPECT_FALSE(announced_size(bytes));
    }
    EXPECT_FALSE(*next_frame("\x30\xff\xff\xff"sv, 1000));
}

TEST(next_frame, takes_a_length_that_is_longer_than_it_needs) {
    EXPECT_EQ((*next_frame("\xc0\x80\x80\x00"sv, 1000))->size, 4U);
}

TEST(next_frame, refuses_what_is_too_large_as_soon_as_the_length_is_there) {
    const auto flaw = flaw_of_frame("\x10\xff\xff\xff\x7f"sv, 1000);
    EXPECT_EQ(flaw.code, reason::packet_too_large);
    EXPECT_EQ(flaw.what, "CONNECT of 268435460 bytes; 1000 are possible");
    EXPECT_TRUE(next_frame("\x30\x62"sv, 100));  // 100 bytes in all
    EXPECT_EQ(flaw_of_frame("\x30\x63"sv, 100).code, reason::packet_too_large);
}

TEST(next_frame, refuses_type_0_and_flags_that_do_not_exist_with_the_first_byte) {
    for (unsigned first = 0; first < 256; ++first) {
        const auto type = static_cast<packet_type>(first >> 4U);
        const bool two = type == packet_type::pubrel || type == packet_type::subscribe ||
                         type == packet_type::unsubscribe;
        const bool well =
            first >= 16 && (type == packet_type::publish || (first & 15U) == (two ? 2U : 0U));
        const std::string byte(1, static_cast<char>(first));
        const auto next = next_frame(byte, no_limit);
        EXPECT_EQ(next.has_value(), well) << first;
        if (!next) {
            EXPECT_EQ(next.error().code, reason::malformed_packet);
        }
    }
    EXPECT_THAT(flaw_of_frame("\x05").what, HasSubstr("packet type 0"));
    EXPECT_EQ(flaw_of_frame("\x60").what,
              "PUBREL has the flags 0 [MQTT-2.2.2-2, 5.0: MQTT-2.1.3-1]");
}

TEST(codec_empty, has_no_body) {
    std::string bytes;
    encode_empty(bytes, packet_type::pingreq);
    encode_empty(bytes, packet_type::pingresp);
    encode_empty(bytes, packet_type::disconnect);
    EXPECT_EQ(bytes, "\xc0\x00\xd0\x00\xe0\x00"sv);
    EXPECT_TRUE(decode_empty(frame_of("\xc0\x00"sv)));
    EXPECT_THAT(flaw_of("\xc0\x01x"sv, v5), HasSubstr("malformed packet: PINGREQ has a body"));
}

TEST(codec_fault, is_thrown_by_who_does_not_look) {
    const auto next = next_frame("\x05", no_limit);
    EXPECT_THROW(next.value(), std::runtime_error);
}

TEST(packet_type, has_names) {
    EXPECT_EQ(to_string(packet_type::connect), "CONNECT");
    EXPECT_EQ(to_string(packet_type::unsuback), "UNSUBACK");
    EXPECT_EQ(to_string(packet_type::auth), "AUTH");
}

}  // namespace
}  // namespace evergrass::mqtt
