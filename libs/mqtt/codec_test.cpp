#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

#include <random>

// What holds for the packets of every type.
namespace evergrass::mqtt {
namespace testing {

std::vector<sample> samples() {
    std::string properties;
    put_user_property(properties, "key", "value");
    std::vector<sample> all;
    for (const auto version : {v3, v5}) {
        const auto add = [&](std::string name, std::size_t tail = 0,
                             sender from = sender::client) -> std::string& {
            name += version == v5 ? " of 5.0" : " of 3.1.1";
            all.push_back({std::move(name), version, {}, tail, from});
            return all.back().bytes;
        };
        connect_packet connect;
        connect.protocol_level = static_cast<std::uint8_t>(version);
        connect.client_id = "client";
        encode_connect(add("CONNECT"), connect);
        connect.keep_alive_seconds = 600;
        connect.will.emplace();
        connect.will->topic = "will/topic";
        connect.will->payload = "will payload";
        connect.will->properties = properties;
        connect.user_name = "user";
        connect.password = "password";
        connect.maximum_packet_size = 1000;
        connect.properties = properties;
        encode_connect(add("full CONNECT"), connect);
        connack_packet connack;
        connack.session_present = true;
        connack.assigned_client_id = "assigned";
        encode_connack(add("CONNACK"), version, connack);
        for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
            publish_head head{"topic/name", 7, level, true, level != qos::at_most_once, 5, 3, 60,
                              properties};
            if (level == qos::at_most_once) {
                head.id = 0;
            }
            auto& bytes = add("PUBLISH", 7);
            encode_publish_head(bytes, version, head);
            bytes += "payload";
        }
        for (const auto type : {packet_type::puback, packet_type::pubrec, packet_type::pubrel,
                                packet_type::pubcomp}) {
            const auto code = type == packet_type::puback || type == packet_type::pubrec
                                  ? reason::quota_exceeded
                                  : reason::packet_identifier_not_found;
            encode_ack(add(std::string(to_string(type))), version, type, 0x1234);
            encode_ack(add("full " + std::string(to_string(type))), version, type, 0x1234, code,
                       "because");
        }
        subscribe_packet subscribe{6, {{"a/+/#", {}}, {"b", {qos::exactly_once}}}, 300};
        encode_subscribe(add("SUBSCRIBE"), version, subscribe);
        encode_suback(add("SUBACK", 2, sender::server), version, 6, "\x00\x01\x80"sv);
        encode_unsubscribe(add("UNSUBSCRIBE"), version, 7, "a/+/#");
        encode_unsuback(add("UNSUBACK", 0, sender::server), version, 7, "\x11"sv);
        encode_disconnect(add("DISCONNECT"), version, reason::success);
        if (version == v5) {
            encode_disconnect(add("full DISCONNECT"), version, reason::unspecified_error, "why",
                              60);
            add("AUTH") = packet(0xF0, "\x18\x0b\x15\x00\x01m\x16\x00\x04\x00\x01\x02\x03"sv);
        }
        encode_empty(add("PINGREQ"), packet_type::pingreq);
        encode_empty(add("PINGRESP"), packet_type::pingresp);
    }
    return all;
}

}  // namespace testing

namespace {

using namespace testing;
using ::testing::HasSubstr;

TEST(codec, every_sample_is_read_as_what_it_is) {
    for (const auto& s : samples()) {
        EXPECT_EQ(flaw_of(s.bytes, s.version, s.from), "") << s.name;
        EXPECT_EQ(announced_size(s.bytes), s.bytes.size()) << s.name;
    }
}

TEST(codec, a_packet_cut_at_any_byte_waits_for_more) {
    for (const auto& s : samples()) {
        for (std::size_t cut = 0; cut < s.bytes.size(); ++cut) {
            const std::string shorter = s.bytes.substr(0, cut);  // of its own: see the sanitizer
            const auto next = next_frame(shorter, no_limit);
            ASSERT_TRUE(next) << s.name << " at " << cut;
            EXPECT_FALSE(*next) << s.name << " at " << cut;
            EXPECT_EQ(announced_size(shorter).has_value(), cut > 1) << s.name << " at " << cut;
        }
    }
}

TEST(codec, more_bytes_than_the_packets_are_left_alone) {
    for (const auto& s : samples()) {
        const auto more = s.bytes + "\xff\xff";
        const auto next = next_frame(more, no_limit);
        ASSERT_TRUE(next && *next) << s.name;
        EXPECT_EQ((*next)->size, s.bytes.size()) << s.name;
    }
}

// The shorter forms that the standard has: of acknowledgements and DISCONNECT in 5.0, and lists.
bool may_end_at(const sample& s, std::size_t length) {
    const auto type = static_cast<packet_type>(static_cast<std::uint8_t>(s.bytes[0]) >> 4U);
    switch (type) {
        case packet_type::puback:
        case packet_type::pubrec:
        case packet_type::pubrel:
        case packet_type::pubcomp:
            return length == 2 || (s.version == v5 && length == 3);
        case packet_type::subscribe:
            return length == (s.version == v5 ? 2U + 4 + 8 : 2U + 8);
        case packet_type::disconnect:
            return s.version == v5 && length <= 1;
        case packet_type::auth:
            return length == 0;
        default:
            return s.bytes.size() - 2 - length <= s.tail;
    }
}

// The fixed header says that the packet ends there. Each on its own heap block, so that the
// sanitizer sees a byte too far.
TEST(codec, a_body_that_ends_at_any_byte_is_a_fault_unless_the_rest_may_be_left_out) {
    for (const auto& s : samples()) {
        const std::string body = s.bytes.substr(2);
        for (std::size_t cut = 0; cut < body.size(); ++cut) {
            const auto flaw = flaw_of(packet(static_cast<std::uint8_t>(s.bytes[0]),
                                             std::string_view(body).substr(0, cut)),
                                      s.version, s.from);
            EXPECT_EQ(flaw.empty(), may_end_at(s, cut)) << s.name << " at " << cut << ": " << flaw;
        }
    }
}

TEST(codec, bytes_after_the_last_field_are_a_fault) {
    for (const auto& s : samples()) {
        const auto type = static_cast<packet_type>(static_cast<std::uint8_t>(s.bytes[0]) >> 4U);
        if (type == packet_type::publish || type == packet_type::suback ||
            (type == packet_type::unsuback && s.version == v5)) {
            continue;  // they end with a list or a payload
        }
        const auto longer =
            packet(static_cast<std::uint8_t>(s.bytes[0]), s.bytes.substr(2) + "\x7f");
        // In 5.0 what follows the short form of an acknowledgement is a reason.
        EXPECT_NE(flaw_of(longer, s.version, s.from), "") << s.name;
    }
}

TEST(codec, every_byte_changed_is_read_or_refused) {
    std::size_t refused = 0;
    for (const auto& s : samples()) {
        for (std::size_t at = 2; at < s.bytes.size(); ++at) {
            const auto was = static_cast<std::uint8_t>(s.bytes[at]);
            for (const unsigned value : {0U, 1U, 2U, 3U, 0x0BU, 0x11U, 0x1FU, 0x26U, 0x7FU, 0x80U,
                                         0xC3U, 0xFFU, was ^ 0x80U, was ^ 0x01U, was + 1U}) {
                auto changed = s.bytes;
                changed[at] = static_cast<char>(value);
                refused += flaw_of(changed, s.version, s.from).empty() ? 0 : 1;
            }
        }
    }
    EXPECT_GT(refused, 100U);
}

TEST(codec, random_bytes_never_do_more_than_fail) {
    std::mt19937 random(20'261'007);
    for (int i = 0; i < 5'000; ++i) {
        std::string bytes(2 + random() % 40, '\0');
        for (auto& byte : bytes) {
            byte = static_cast<char>(random());
        }
        bytes[1] = static_cast<char>(bytes.size() - 2);
        if (const auto next = next_frame(bytes, no_limit); next && *next) {
            flaw_of(bytes, v3);
            flaw_of(bytes, v5);
        }
    }
}

}  // namespace
}  // namespace evergrass::mqtt
