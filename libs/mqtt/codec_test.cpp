#include "libs/mqtt/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

namespace evergrass::mqtt {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using ::testing::HasSubstr;

constexpr std::size_t no_limit = 1U << 28U;

frame frame_of(std::string_view bytes) {
    const auto next = next_frame(bytes, no_limit);
    EXPECT_TRUE(next && *next);
    EXPECT_EQ((*next)->size, bytes.size());
    return **next;
}

// Decodes by the packet's type; the error's text, or "".
std::string decode(const frame& f) {
    const auto text = [](const auto& decoded) {
        return decoded ? std::string() : decoded.error().message();
    };
    switch (f.type) {
        case packet_type::connect:
            return text(decode_connect(f));
        case packet_type::connack:
            return text(decode_connack(f));
        case packet_type::publish:
            return text(decode_publish(f));
        case packet_type::subscribe:
            return text(decode_subscribe(f));
        case packet_type::suback:
            return text(decode_suback(f));
        case packet_type::unsubscribe:
            return text(decode_unsubscribe(f));
        case packet_type::pingreq:
        case packet_type::pingresp:
        case packet_type::disconnect:
            return text(decode_empty(f));
        default:
            return text(decode_packet_id(f));
    }
}

std::string encoded(const std::function<void(std::string&)>& encode) {
    std::string out;
    encode(out);
    return out;
}

std::string full_connect() {
    connect_packet p;
    p.client_id = "client";
    p.keep_alive_seconds = 600;
    p.will = will_view{"will/topic", "will payload", qos::at_least_once, true};
    p.user_name = "user";
    p.password = "password";
    return encoded([&](std::string& out) { encode_connect(out, p); });
}

// One well-formed packet of each type.
std::map<packet_type, std::string> samples() {
    std::map<packet_type, std::string> all;
    all[packet_type::connect] = full_connect();
    encode_connack(all[packet_type::connack], protocol_version::v3_1_1, {true, 0});
    encode_publish_head(all[packet_type::publish], "a/b", 7, qos::at_least_once, true, true, 5);
    all[packet_type::publish] += "payload";
    for (const auto type : {packet_type::puback, packet_type::pubrec, packet_type::pubrel,
                            packet_type::pubcomp, packet_type::unsuback}) {
        encode_packet_id(all[type], type, 0x1234);
    }
    encode_subscribe(all[packet_type::subscribe], 6, "a/+/#", qos::exactly_once);
    encode_suback(all[packet_type::suback], 6, "\x00\x01\x80"sv);
    encode_unsubscribe(all[packet_type::unsubscribe], 7, "a/+/#");
    for (const auto type : {packet_type::pingreq, packet_type::pingresp, packet_type::disconnect}) {
        encode_empty(all[type], type);
    }
    return all;
}

// The packet with its body cut to `length` and the fixed header made to agree.
std::string with_body(std::string_view packet, std::string_view body) {
    return std::string(1, packet[0]) + static_cast<char>(body.size()) + std::string(body);
}

TEST(codec, connect_survives_the_round_trip) {
    const auto bytes = full_connect();
    const auto p = decode_connect(frame_of(bytes));
    ASSERT_TRUE(p) << p.error().message();
    EXPECT_EQ(p->client_id, "client");
    EXPECT_TRUE(p->clean_session);
    EXPECT_EQ(p->keep_alive_seconds, 600);
    EXPECT_EQ(p->user_name, "user");
    EXPECT_EQ(p->password, "password");
    ASSERT_TRUE(p->will);
    EXPECT_EQ(p->will->topic, "will/topic");
    EXPECT_EQ(p->will->payload, "will payload");
    EXPECT_EQ(p->will->level, qos::at_least_once);
    EXPECT_TRUE(p->will->retain);
}

TEST(codec, publish_of_every_size_class_survives_the_round_trip) {
    for (const std::size_t size : {0, 1, 100, 127, 128, 16'383, 16'384, 2'097'151, 2'097'152}) {
        const std::string payload(size, 'x');
        std::string bytes;
        encode_publish_head(bytes, "topic", size, qos::at_least_once, false, true, 65'535);
        bytes += payload;
        EXPECT_EQ(bytes.size(), publish_size(5, size, qos::at_least_once));
        const auto p = decode_publish(frame_of(bytes));
        ASSERT_TRUE(p) << p.error().message();
        EXPECT_EQ(p->message.topic, "topic");
        EXPECT_EQ(p->message.payload, payload);
        EXPECT_EQ(p->id, 65'535);
        EXPECT_TRUE(p->message.duplicate);
        EXPECT_FALSE(p->message.retain);
    }
}

TEST(codec, every_sample_is_read_as_what_it_is) {
    for (const auto& [type, bytes] : samples()) {
        const auto f = frame_of(bytes);
        EXPECT_EQ(f.type, type);
        EXPECT_EQ(decode(f), "") << to_string(type);
    }
}

TEST(codec, a_packet_cut_at_any_byte_waits_for_more) {
    for (const auto& [type, bytes] : samples()) {
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            const auto next = next_frame(std::string_view(bytes).substr(0, cut), no_limit);
            ASSERT_TRUE(next) << to_string(type) << " at " << cut;
            EXPECT_FALSE(*next) << to_string(type) << " at " << cut;
        }
    }
}

// The length says that the packet ends there. Heap copies, so that the sanitizer sees a byte too
// far.
TEST(codec, a_body_that_ends_at_any_byte_is_an_error_unless_the_rest_is_optional) {
    for (const auto& [type, bytes] : samples()) {
        const std::string body = bytes.substr(2);
        for (std::size_t cut = 0; cut < body.size(); ++cut) {
            const std::string shorter = with_body(bytes, body.substr(0, cut));
            const auto why = decode(frame_of(shorter));
            const bool payload_only = type == packet_type::publish && cut >= body.size() - 7;
            const bool codes_only = type == packet_type::suback && cut > 2;
            EXPECT_EQ(why.empty(), payload_only || codes_only)
                << to_string(type) << " at " << cut << ": " << why;
        }
    }
}

TEST(codec, bytes_after_the_last_field_are_an_error) {
    for (const auto& [type, bytes] : samples()) {
        if (type == packet_type::publish || type == packet_type::suback ||
            type == packet_type::subscribe || type == packet_type::unsubscribe) {
            continue;  // they end with a list or a payload
        }
        EXPECT_THAT(decode(frame_of(with_body(bytes, bytes.substr(2) + "x"))),
                    HasSubstr("after its last field"))
            << to_string(type);
    }
}

TEST(codec, lengths_that_lie_are_refused_at_once) {
    EXPECT_THAT(next_frame("\x30\xff\xff\xff\xff"sv, no_limit).error().message(),
                HasSubstr("more than four bytes"));
    EXPECT_THAT(next_frame("\x30\x80\x80\x80\x80\x01"sv, no_limit).error().message(),
                HasSubstr("more than four bytes"));
    EXPECT_THAT(next_frame("\x10\xff\xff\xff\x7f"sv, 1000).error().message(),
                HasSubstr("1000 are possible"));
    EXPECT_FALSE(*next_frame("\x30\xff\xff\xff"sv, 1000));
    // An overlong form of 0 within four bytes is allowed, and is read as 0.
    EXPECT_EQ((*next_frame("\xc0\x80\x80\x00"sv, 1000))->size, 4U);
}

TEST(codec, types_and_flags_that_do_not_exist_are_refused) {
    EXPECT_THAT(next_frame("\x00\x00"sv, 100).error().message(), HasSubstr("type 0"));
    EXPECT_THAT(next_frame("\xf0\x00"sv, 100).error().message(), HasSubstr("type 15"));
    for (const auto& [type, bytes] : samples()) {
        if (type == packet_type::publish) {
            continue;
        }
        for (unsigned flags = 0; flags < 16; ++flags) {
            auto changed = bytes;
            changed[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0xF0U) | flags);
            EXPECT_EQ(next_frame(changed, no_limit).has_value(), changed == bytes)
                << to_string(type) << " " << flags;
        }
    }
}

TEST(codec, publish_names_the_rule_that_it_breaks) {
    const auto why = [](std::string_view bytes) { return decode(frame_of(bytes)); };
    EXPECT_THAT(why("\x36\x06\0\x01t\0\x01x"sv), HasSubstr("MQTT-3.3.1-4"));
    EXPECT_THAT(why("\x38\x04\0\x01tx"sv), HasSubstr("MQTT-3.3.1-2"));
    EXPECT_THAT(why("\x32\x06\0\x01t\0\0x"sv), HasSubstr("MQTT-2.3.1-1"));
    EXPECT_THAT(why("\x30\x02\0\0"sv), HasSubstr("MQTT-4.7.3-1"));
    EXPECT_THAT(why("\x30\x05\0\x03t/+"sv), HasSubstr("MQTT-3.3.2-2"));
    EXPECT_THAT(why("\x30\x03\0\x01#"sv), HasSubstr("MQTT-3.3.2-2"));
    EXPECT_THAT(why("\x30\x04\0\x02t\0"sv), HasSubstr("MQTT-4.7.3-2"));
    EXPECT_THAT(why("\x30\x04\0\x02\xc0\x80"sv), HasSubstr("MQTT-1.5.3-1"));
    EXPECT_THAT(why("\x30\x03\0\x09t"sv), HasSubstr("cut short"));
}

TEST(codec, connect_names_the_rule_that_it_breaks) {
    const auto why = [](unsigned flags, std::string_view payload) {
        const auto body = "\0\x04MQTT\x04"s + static_cast<char>(flags) + "\0\0"s;
        return decode(frame_of(with_body("\x10", body + std::string(payload))));
    };
    EXPECT_EQ(why(0x02, "\0\x01x"sv), "");
    EXPECT_THAT(why(0x03, "\0\x01x"sv), HasSubstr("MQTT-3.1.2-3"));
    EXPECT_THAT(why(0x0a, "\0\x01x"sv), HasSubstr("MQTT-3.1.2-11"));
    EXPECT_THAT(why(0x22, "\0\x01x"sv), HasSubstr("MQTT-3.1.2-11"));
    EXPECT_THAT(why(0x1e, "\0\x01x\0\x01t\0\0"sv), HasSubstr("MQTT-3.1.2-14"));
    EXPECT_THAT(why(0x42, "\0\x01x\0\x01p"sv), HasSubstr("MQTT-3.1.2-22"));
    EXPECT_THAT(why(0x02, "\0\x01\xff"sv), HasSubstr("MQTT-3.1.3-4"));
    EXPECT_THAT(why(0x02, "\0\x01\0"sv), HasSubstr("MQTT-3.1.3-4"));
    EXPECT_THAT(why(0x82, "\0\x01x\0\x01\xff"sv), HasSubstr("MQTT-3.1.3-11"));
    EXPECT_THAT(why(0x06, "\0\x01x\0\x01#\0\0"sv), HasSubstr("impossible will"));
    EXPECT_THAT(decode(frame_of("\x10\x0d\0\x04MQXT\x04\x02\0\0\0\x01x"sv)),
                HasSubstr("MQTT-3.1.2-1"));
}

TEST(codec, connect_of_another_version_is_read_no_further_than_the_version) {
    const auto v5 = decode_connect(frame_of("\x10\x09\0\x04MQTT\x05\xff\xff"sv));
    ASSERT_TRUE(v5);
    EXPECT_EQ(v5->protocol_level, 5);
    const auto v3 = decode_connect(frame_of("\x10\x0b\0\x06MQIsdp\x03\xff\xff"sv));
    ASSERT_TRUE(v3);
    EXPECT_EQ(v3->protocol_level, 3);
}

TEST(codec, subscribe_and_unsubscribe_name_the_rule_that_they_break) {
    const auto why = [](std::string_view bytes) { return decode(frame_of(bytes)); };
    EXPECT_THAT(why("\x82\x02\0\x01"sv), HasSubstr("MQTT-3.8.3-3"));
    EXPECT_THAT(why("\x82\x06\0\x01\0\x01t\x03"sv), HasSubstr("MQTT-3.8.3-4"));
    EXPECT_THAT(why("\x82\x06\0\x01\0\x01t\x80"sv), HasSubstr("MQTT-3.8.3-4"));
    EXPECT_THAT(why("\x82\x06\0\0\0\x01t\0"sv), HasSubstr("MQTT-2.3.1-1"));
    EXPECT_THAT(why("\x82\x07\0\x01\0\x02t+\0"sv), HasSubstr("whole level"));
    EXPECT_THAT(why("\x82\x05\0\x01\0\x01t"sv), HasSubstr("cut short"));  // nanomq #2268
    EXPECT_THAT(why("\xa2\x02\0\x01"sv), HasSubstr("MQTT-3.10.3-2"));
    EXPECT_THAT(why("\xa2\x04\0\x01\0\0"sv), HasSubstr("MQTT-4.7.3-1"));
}

TEST(codec, suback_needs_codes_that_exist) {
    EXPECT_THAT(decode(frame_of("\x90\x02\0\x01"sv)), HasSubstr("no return code"));
    EXPECT_THAT(decode(frame_of("\x90\x03\0\x01\x03"sv)), HasSubstr("MQTT-3.9.3-2"));
}

TEST(codec, connack_for_5_0_has_empty_properties) {
    std::string out;
    encode_connack(out, protocol_version::v5, {false, v5_unsupported_protocol_version});
    EXPECT_EQ(out, "\x20\x03\0\x84\0"sv);
}

TEST(codec, random_bytes_never_do_more_than_fail) {
    std::mt19937 random(20'261'007);
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes(2 + random() % 40, '\0');
        for (auto& byte : bytes) {
            byte = static_cast<char>(random());
        }
        bytes[1] = static_cast<char>(bytes.size() - 2);
        if (const auto next = next_frame(bytes, no_limit); next && *next) {
            decode(**next);
        }
    }
}

}  // namespace
}  // namespace evergrass::mqtt
