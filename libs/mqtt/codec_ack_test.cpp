#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

namespace evergrass::mqtt {
namespace {

using namespace testing;
using ::testing::StartsWith;

constexpr packet_type all_types[]{packet_type::puback, packet_type::pubrec, packet_type::pubrel,
                                  packet_type::pubcomp};

std::string encoded(protocol_version version, packet_type type, reason code = reason::success,
                    std::string_view text = {}, std::size_t room = SIZE_MAX) {
    std::string out;
    encode_ack(out, version, type, 0x1234, code, text, room);
    return out;
}

TEST(codec_ack, of_success_has_two_bytes_of_body_in_both_versions) {
    for (const auto version : {v3, v5}) {
        EXPECT_EQ(encoded(version, packet_type::puback), "\x40\x02\x12\x34"sv);
        EXPECT_EQ(encoded(version, packet_type::pubrec), "\x50\x02\x12\x34"sv);
        EXPECT_EQ(encoded(version, packet_type::pubrel), "\x62\x02\x12\x34"sv);
        EXPECT_EQ(encoded(version, packet_type::pubcomp), "\x70\x02\x12\x34"sv);
    }
}

TEST(codec_ack, has_no_reason_in_3_1_1) {
    EXPECT_EQ(encoded(v3, packet_type::puback, reason::quota_exceeded, "full"),
              "\x40\x02\x12\x34"sv);
}

TEST(codec_ack, has_a_reason_and_a_string_in_5_0) {
    EXPECT_EQ(encoded(v5, packet_type::puback, reason::quota_exceeded), "\x40\x03\x12\x34\x97"sv);
    EXPECT_EQ(encoded(v5, packet_type::puback, reason::quota_exceeded, "full"),
              "\x40\x0b\x12\x34\x97\x07\x1f\x00\x04"
              "full"sv);
}

TEST(codec_ack, leaves_the_string_out_where_there_is_no_room) {
    EXPECT_EQ(encoded(v5, packet_type::puback, reason::quota_exceeded, "full", 13).size(), 13U);
    EXPECT_EQ(encoded(v5, packet_type::puback, reason::quota_exceeded, "full", 12),
              "\x40\x03\x12\x34\x97"sv);
    EXPECT_EQ(encoded(v5, packet_type::pubcomp, reason::success, "fine", 4),
              "\x70\x03\x12\x34\x00"sv);
}

TEST(codec_ack, survives_the_round_trip) {
    for (const auto type : all_types) {
        for (const auto code :
             {reason::success, type == packet_type::pubrel || type == packet_type::pubcomp
                                   ? reason::packet_identifier_not_found
                                   : reason::payload_format_invalid}) {
            for (const auto& text : {std::string(), "why"s, std::string(300, 'y')}) {
                const auto bytes = encoded(v5, type, code, text);
                const auto p = decode_ack(frame_of(bytes), v5);
                ASSERT_TRUE(p) << p.error().what;
                EXPECT_EQ(p->id, 0x1234);
                EXPECT_EQ(p->code, code);
                EXPECT_EQ(p->reason_string, text);
            }
        }
    }
}

TEST(codec_ack, is_read_in_every_form) {
    for (const auto body : {"\0\x01"sv, "\0\x01\0"sv, "\0\x01\0\0"sv,
                            "\0\x01\0\x0d\x1f\0\x03why\x26\0\x01k\0\x01v"sv}) {
        EXPECT_EQ(flaw_of(packet(0x40, body), v5), "");
        EXPECT_EQ(flaw_of(packet(0x40, body), v3).empty(), body.size() == 2);
    }
}

TEST(codec_ack, names_the_rule_that_it_breaks) {
    const auto why = [](std::string_view body) { return flaw_of(packet(0x62, body), v5); };
    EXPECT_THAT(why("\0\0"sv), StartsWith("protocol error: PUBREL has packet id 0"));
    EXPECT_THAT(flaw_of("\x40\x02\0\0"sv, v3), StartsWith("protocol error: PUBACK has packet id"));
    EXPECT_THAT(why(""), StartsWith("malformed packet: PUBREL is cut short"));
    EXPECT_THAT(why("\x01"), StartsWith("malformed packet: PUBREL is cut short"));
    EXPECT_THAT(why("\0\x01\0\0x"sv),
                StartsWith("malformed packet: PUBREL has bytes after its last field"));
    EXPECT_THAT(why("\0\x01\0\x02\0"sv), StartsWith("malformed packet: PUBREL is cut short"));
    EXPECT_THAT(why("\0\x01\0\x05\x11\0\0\0\0"sv),
                StartsWith("malformed packet: PUBREL: session expiry interval is a property of"));
    EXPECT_THAT(why("\0\x01\0\x06\x1f\0\0\x1f\0\0"sv),
                StartsWith("protocol error: PUBREL: reason string is there twice"));
    EXPECT_THAT(why("\0\x01\0\x04\x1f\0\x01\xff"sv),
                StartsWith("malformed packet: PUBREL: reason string is not well-formed"));
}

TEST(codec_ack, has_the_reasons_of_its_type_only) {
    const std::string received = "\x00\x10\x80\x83\x87\x90\x91\x97\x99"s;
    const std::string released = "\x00\x92"s;
    for (const auto type : all_types) {
        const bool first_half = type == packet_type::puback || type == packet_type::pubrec;
        const auto& known = first_half ? received : released;
        for (unsigned code = 0; code < 256; ++code) {
            const std::string body{0, 1, static_cast<char>(code)};
            const auto flaw = flaw_of(
                packet(static_cast<unsigned>(type) << 4U | (type == packet_type::pubrel ? 2U : 0U),
                       body),
                v5);
            EXPECT_EQ(flaw.empty(), known.find(static_cast<char>(code)) != std::string::npos)
                << to_string(type) << " " << code << ": " << flaw;
            if (!flaw.empty()) {
                EXPECT_THAT(flaw, StartsWith("protocol error"));
            }
        }
    }
}

}  // namespace
}  // namespace evergrass::mqtt
