#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

namespace evergrass::mqtt {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string encoded(protocol_version version, publish_head head, std::string_view payload) {
    head.payload_bytes = payload.size();
    std::string out = "before";  // encoders append
    encode_publish_head(out, version, head);
    out += payload;
    EXPECT_EQ(out.size() - 6, publish_size(version, head));
    return out.substr(6);
}

// A QoS 0 PUBLISH of 5.0 on "t" with these properties.
std::string flaw_with(std::string_view properties, sender from = sender::client) {
    const auto length = std::string(1, static_cast<char>(properties.size()));
    return flaw_of(packet(0x30, "\0\x01t"s + length + std::string(properties) + "x"), v5, from);
}

TEST(codec_publish, of_every_size_survives_the_round_trip) {
    for (const auto version : {v3, v5}) {
        for (const std::size_t size : {0, 1, 100, 127, 128, 16'383, 16'384, 2'097'151, 2'097'152}) {
            const std::string payload(size, 'x');
            publish_head head;
            head.topic = "topic";
            head.level = qos::at_least_once;
            head.duplicate = true;
            head.id = 65'535;
            const auto bytes = encoded(version, head, payload);
            const auto p = decode_publish(frame_of(bytes), version);
            ASSERT_TRUE(p) << p.error().what;
            EXPECT_EQ(p->message.topic, "topic");
            EXPECT_EQ(p->message.payload, payload);
            EXPECT_EQ(p->id, 65'535);
            EXPECT_EQ(p->message.level, qos::at_least_once);
            EXPECT_TRUE(p->message.duplicate);
            EXPECT_FALSE(p->message.retain);
        }
    }
}

TEST(codec_publish, of_every_short_topic_and_payload_survives_the_round_trip) {
    std::string property;
    put_user_property(property, "k", "v");
    for (const auto version : {v3, v5}) {
        for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
            for (std::size_t size = 0; size < 40; ++size) {
                for (const auto& text :
                     {std::string(size + 1, 't'), "\xC3\xA5"s + std::string(size, 't')}) {
                    publish_head head;
                    head.topic = text;
                    head.level = level;
                    head.id = level == qos::at_most_once ? 0 : 0x100;
                    head.forwarded = size % 2 == 0 || version == v3 ? ""sv : property;
                    const std::string payload(size % 5, 'x');
                    const auto bytes = encoded(version, head, payload);
                    const auto p = decode_publish(frame_of(bytes), version);
                    ASSERT_TRUE(p) << p.error().what;
                    EXPECT_EQ(p->message.topic, text);
                    EXPECT_EQ(p->message.payload, payload);
                    EXPECT_EQ(p->message.properties, head.forwarded);
                    EXPECT_EQ(p->message.level, level);
                    EXPECT_EQ(p->id, head.id);
                }
            }
        }
    }
}

TEST(codec_publish, with_properties_of_more_than_127_bytes_is_read) {
    std::string property;
    put_user_property(property, "k", std::string(200, 'v'));
    publish_head head;
    head.topic = "t";
    head.forwarded = property;
    const auto bytes = encoded(v5, head, "x");
    const auto p = decode_publish(frame_of(bytes), v5);
    ASSERT_TRUE(p) << p.error().what;
    EXPECT_EQ(p->message.properties, property);
    EXPECT_EQ(p->message.payload, "x");
}

TEST(codec_publish, of_3_1_1_is_these_bytes) {
    publish_head head;
    head.topic = "a/b";
    EXPECT_EQ(encoded(v3, head, "hi"),
              "\x30\x07\x00\x03"
              "a/bhi"sv);
    head.level = qos::exactly_once;
    head.retain = head.duplicate = true;
    head.id = 0x1234;
    head.topic_alias = 1;  // what 3.1.1 has no place for
    head.message_expiry = 1;
    head.forwarded = "\x01\x01";
    EXPECT_EQ(encoded(v3, head, "hi"),
              "\x3d\x09\x00\x03"
              "a/b\x12\x34hi"sv);
}

TEST(codec_publish, of_5_0_is_these_bytes) {
    const std::vector<std::uint32_t> ids{1, 128};
    publish_head head;
    head.topic = "t";
    EXPECT_EQ(encoded(v5, head, "hi"), "\x30\x06\x00\x01t\x00hi"sv);
    head.topic = "";
    head.level = qos::at_least_once;
    head.id = 2;
    head.topic_alias = 3;
    head.message_expiry = 60;
    head.forwarded = "\x01\x01";
    head.subscription_ids = &ids;
    EXPECT_EQ(encoded(v5, head, "hi"),
              "\x32\x16\x00\x00\x00\x02\x0f"
              "\x23\x00\x03"
              "\x02\x00\x00\x00\x3c"
              "\x01\x01"
              "\x0b\x01\x0b\x80\x01hi"sv);
}

TEST(codec_publish, properties_survive_the_round_trip) {
    std::string forwarded;
    put_property(forwarded, property_id::payload_format_indicator, 1);
    put_property(forwarded, property_id::content_type, "text/plain");
    put_property(forwarded, property_id::response_topic, "answer/here");
    put_property(forwarded, property_id::correlation_data, "\x00\xff"sv);
    put_user_property(forwarded, "", "");
    put_user_property(forwarded, std::string(200, 'k'), "v\xC3\xA5");
    const std::vector<std::uint32_t> ids{1, 127, 128, 16'384, 268'435'455};
    publish_head head;
    head.topic = "t";
    head.topic_alias = 65'535;
    head.message_expiry = 0xFFFF'FFFF;
    head.forwarded = forwarded;
    head.subscription_ids = &ids;
    const auto bytes = encoded(v5, head, "payload");
    const auto p = decode_publish(frame_of(bytes), v5, sender::server);
    ASSERT_TRUE(p) << p.error().what;
    EXPECT_EQ(p->topic_alias, 65'535);
    EXPECT_EQ(p->message.message_expiry, 0xFFFF'FFFFU);
    EXPECT_EQ(p->message.payload, "payload");
    std::string scratch;
    EXPECT_EQ(forwarded_properties(p->message.properties, scratch), forwarded);
    std::vector<std::uint32_t> read;
    property_reader in(p->message.properties);
    while (const auto each = in.next()) {
        if (each->id == property_id::subscription_identifier) {
            read.push_back(each->number);
        }
    }
    EXPECT_EQ(read, ids);
}

TEST(codec_publish, names_the_rule_that_its_head_breaks) {
    for (const auto version : {v3, v5}) {
        const auto why = [&](unsigned first, std::string_view body) {
            return flaw_of(packet(first, body), version);
        };
        EXPECT_EQ(why(0x36, "\0\x01t\0\x01\0x"sv),
                  "malformed packet: PUBLISH has QoS 3 [MQTT-3.3.1-4]");
        EXPECT_THAT(why(0x38, "\0\x01t\0x"sv),
                    StartsWith("protocol error: PUBLISH of QoS 0 says that it is a duplicate"));
        EXPECT_THAT(why(0x32, "\0\x01t\0\0\0x"sv),
                    StartsWith("protocol error: PUBLISH has packet id 0"));
        EXPECT_THAT(why(0x32, "\0\x01t\0"sv), StartsWith("malformed packet: PUBLISH is cut short"));
        EXPECT_THAT(why(0x32, "\0\x01t\x01"sv),
                    StartsWith("malformed packet: PUBLISH is cut short"));
        EXPECT_THAT(why(0x30, "\0\x09t"sv), StartsWith("malformed packet: PUBLISH is cut short"));
        EXPECT_THAT(why(0x30, "\xff\xfft"sv), StartsWith("malformed packet: PUBLISH is cut short"));
        EXPECT_THAT(why(0x30, "\0\x03t/+\0"sv),
                    StartsWith("topic name invalid: PUBLISH: the topic name holds a wildcard"));
        EXPECT_THAT(why(0x30, "\0\x01#\0"sv), StartsWith("topic name invalid"));
        EXPECT_THAT(why(0x30,
                        "\0\x0a"
                        "long/to#ic\0"sv),
                    StartsWith("topic name invalid"));
        EXPECT_THAT(why(0x30, "\0\x02t\0\0"sv),
                    StartsWith("malformed packet: PUBLISH: the topic name holds U+0000"));
        EXPECT_THAT(why(0x30, "\0\x02\xc0\x80\0"sv),
                    StartsWith("malformed packet: PUBLISH: the topic name is not well-formed"));
    }
}

TEST(codec_publish, needs_a_topic_or_an_alias) {
    EXPECT_THAT(flaw_of("\x30\x02\0\0"sv, v3), StartsWith("topic name invalid: PUBLISH"));
    EXPECT_THAT(flaw_of("\x30\x03\0\0\0"sv, v5),
                StartsWith("protocol error: PUBLISH has neither a topic nor an alias"));
    EXPECT_EQ(flaw_of("\x30\x06\0\0\x03\x23\0\x01"sv, v5), "");
}

TEST(codec_publish, names_the_rule_that_its_properties_break) {
    EXPECT_EQ(flaw_with("\x01\x01"sv), "");
    EXPECT_THAT(flaw_with("\x01\x02"sv),
                StartsWith("protocol error: PUBLISH: payload format indicator is neither 0 nor 1"));
    EXPECT_THAT(flaw_with("\x23\0\0"sv), StartsWith("topic alias invalid: PUBLISH: topic alias"));
    EXPECT_THAT(flaw_with("\x23\0\x01\x23\0\x01"sv),
                StartsWith("protocol error: PUBLISH: topic alias is there twice"));
    EXPECT_THAT(flaw_with("\x08\0\x03"
                          "a/+"sv),
                StartsWith("protocol error: PUBLISH: response topic holds a wildcard"));
    EXPECT_THAT(flaw_with("\x08\0\0"sv), StartsWith("protocol error: PUBLISH: response topic"));
    EXPECT_THAT(flaw_with("\x08\0\x01\xff"sv),
                StartsWith("malformed packet: PUBLISH: response topic is not well-formed"));
    EXPECT_THAT(flaw_with("\x03\0\x01\xff"sv),
                StartsWith("malformed packet: PUBLISH: content type is not well-formed"));
    EXPECT_THAT(flaw_with("\x26\0\x01k\0\x01\xff"sv),
                StartsWith("malformed packet: PUBLISH: user property is not well-formed"));
    EXPECT_THAT(flaw_with("\x26\0\x01\0\0\x01v"sv),
                StartsWith("malformed packet: PUBLISH: user property holds U+0000"));
    EXPECT_EQ(flaw_with("\x26\0\x01k\0\x01v\x26\0\x01k\0\x01v"sv), "");
    EXPECT_EQ(flaw_with("\x09\0\x02\xff\0"sv), "");
    EXPECT_THAT(flaw_with("\x11\0\0\0\x01"sv),
                StartsWith("malformed packet: PUBLISH: session expiry interval is a property of"));
    EXPECT_THAT(flaw_with("\x7f\x01"sv),
                StartsWith("malformed packet: PUBLISH has a property that does not exist"));
    EXPECT_THAT(flaw_with("\x81\x02\x01"sv),
                StartsWith("malformed packet: PUBLISH has a property that does not exist"));
    EXPECT_THAT(flaw_with("\x01\x01\x02\0\0\0"sv),
                StartsWith("malformed packet: PUBLISH has a property that is cut short"));
    EXPECT_THAT(flaw_with("\x26\0\x01k\0\x02v"sv), StartsWith("malformed packet"));
}

TEST(codec_publish, properties_stay_within_the_packet) {
    EXPECT_THAT(flaw_of("\x30\x05\0\x01t\x7f\x01"sv, v5),
                StartsWith("malformed packet: PUBLISH is cut short"));
    EXPECT_THAT(flaw_of("\x30\x03\0\x01t"sv, v5),
                StartsWith("malformed packet: PUBLISH is cut short"));
    EXPECT_THAT(flaw_of("\x30\x08\0\x01t\xff\xff\xff\xff\x01"sv, v5),
                StartsWith("malformed packet: PUBLISH has a variable byte integer"));
    EXPECT_THAT(flaw_of("\x30\x05\0\x01t\x80\0"sv, v5), HasSubstr("MQTT-1.5.5-1"));
}

TEST(codec_publish, subscription_identifiers_come_from_servers_only) {
    EXPECT_THAT(flaw_with("\x0b\x01"sv),
                StartsWith("protocol error: PUBLISH of a client has a subscription identifier"));
    EXPECT_EQ(flaw_with("\x0b\x01\x0b\x02"sv, sender::server), "");
    EXPECT_THAT(flaw_with("\x0b\0"sv, sender::server),
                StartsWith("protocol error: PUBLISH: subscription identifier is 0"));
    EXPECT_THAT(flaw_with("\x0b\xff\xff\xff\xff\x01"sv, sender::server),
                StartsWith("malformed packet"));
    EXPECT_THAT(flaw_with("\x0b\x81\0"sv, sender::server), StartsWith("malformed packet"));
}

}  // namespace
}  // namespace evergrass::mqtt
