#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

namespace evergrass::mqtt {
namespace {

using namespace testing;
using ::testing::StartsWith;

std::string encoded(protocol_version version, reason code, std::string_view text = {},
                    std::optional<std::uint32_t> expiry = {}, std::size_t room = SIZE_MAX) {
    std::string out;
    encode_disconnect(out, version, code, text, expiry, room);
    return out;
}

TEST(codec_disconnect, is_as_short_as_it_can_be) {
    EXPECT_EQ(encoded(v5, reason::success), "\xe0\0"sv);
    EXPECT_EQ(encoded(v5, reason::malformed_packet), "\xe0\x01\x81"sv);
    EXPECT_EQ(encoded(v5, reason::success, {}, 60), "\xe0\x07\0\x05\x11\0\0\0\x3c"sv);
    EXPECT_EQ(encoded(v5, reason::server_busy, "why"), "\xe0\x08\x89\x06\x1f\0\x03why"sv);
}

TEST(codec_disconnect, of_3_1_1_is_a_clients_goodbye_or_nothing) {
    EXPECT_EQ(encoded(v3, reason::success), "\xe0\0"sv);
    EXPECT_EQ(encoded(v3, reason::malformed_packet, "why"), "");
    EXPECT_EQ(encoded(v3, reason::disconnect_with_will), "");
}

TEST(codec_disconnect, leaves_the_string_out_where_there_is_no_room) {
    EXPECT_EQ(encoded(v5, reason::server_busy, "why", {}, 10).size(), 10U);
    EXPECT_EQ(encoded(v5, reason::server_busy, "why", {}, 9), "\xe0\x01\x89"sv);
    EXPECT_EQ(encoded(v5, reason::success, "why", 60, 9), encoded(v5, reason::success, {}, 60));
}

TEST(codec_disconnect, survives_the_round_trip) {
    for (const auto& text : {""s, "why"s, std::string(200, 'y')}) {
        for (const auto expiry :
             {std::optional<std::uint32_t>(), std::optional<std::uint32_t>(60)}) {
            const auto bytes = encoded(v5, reason::disconnect_with_will, text, expiry);
            const auto p = decode_disconnect(frame_of(bytes), v5);
            ASSERT_TRUE(p) << p.error().what;
            EXPECT_EQ(p->code, reason::disconnect_with_will);
            EXPECT_EQ(p->reason_string, text);
            EXPECT_EQ(p->session_expiry, expiry);
        }
    }
}

TEST(codec_disconnect, is_read_in_every_form) {
    for (const auto body : {""sv, "\0"sv, "\0\0"sv, "\0\x03\x1f\0\0"sv}) {
        EXPECT_EQ(flaw_of(packet(0xE0, body), v5), "");
        EXPECT_EQ(flaw_of(packet(0xE0, body), v3).empty(), body.empty());
    }
}

TEST(codec_disconnect, names_the_rule_that_it_breaks) {
    EXPECT_THAT(flaw_of("\xe0\x01\0"sv, v3),
                StartsWith("malformed packet: DISCONNECT has bytes after its last field"));
    for (const unsigned code : {0x01U, 0x10U, 0x7FU, 0x84U, 0x91U, 0xA3U, 0xFFU}) {
        EXPECT_THAT(flaw_of(packet(0xE0, std::string(1, static_cast<char>(code))), v5),
                    StartsWith("protocol error: DISCONNECT has a reason code that it may not"));
    }
    EXPECT_THAT(flaw_of("\xe0\x07\0\x05\x18\0\0\0\x01"sv, v5),
                StartsWith("malformed packet: DISCONNECT: will delay interval is a property"));
    EXPECT_THAT(flaw_of("\xe0\x06\0\x04\x1f\0\x01\xff"sv, v5),
                StartsWith("malformed packet: DISCONNECT: reason string is not well-formed"));
    EXPECT_THAT(flaw_of("\xe0\x02\0\x01"sv, v5),
                StartsWith("malformed packet: DISCONNECT is cut short"));
}

TEST(codec_disconnect, of_a_server_sets_no_expiry) {
    const auto bytes = encoded(v5, reason::success, {}, 60);
    EXPECT_EQ(flaw_of(bytes, v5, sender::client), "");
    EXPECT_THAT(flaw_of(bytes, v5, sender::server),
                StartsWith("protocol error: DISCONNECT of a server has a session expiry"));
}

TEST(codec_auth, is_of_5_0_and_names_its_method) {
    const auto p = decode_auth(frame_of("\xf0\x06\x18\x04\x15\0\x01m"sv), v5);
    ASSERT_TRUE(p) << p.error().what;
    EXPECT_EQ(p->code, reason::continue_authentication);
    EXPECT_EQ(decode_auth(frame_of("\xf0\0"sv), v5)->code, reason::success);
    EXPECT_THAT(flaw_of("\xf0\0"sv, v3), StartsWith("malformed packet: AUTH is of 5.0 only"));
    EXPECT_THAT(flaw_of("\xf0\x02\x18\0"sv, v5), StartsWith("protocol error: AUTH names no auth"));
    EXPECT_THAT(flaw_of("\xf0\x01\x18"sv, v5), StartsWith("malformed packet: AUTH is cut short"));
    EXPECT_THAT(flaw_of("\xf0\x06\x01\x04\x15\0\x01m"sv, v5),
                StartsWith("protocol error: AUTH has a reason code that it may not have"));
}

}  // namespace
}  // namespace evergrass::mqtt
