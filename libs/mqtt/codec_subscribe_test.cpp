#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

namespace evergrass::mqtt {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST(codec_subscribe, survives_the_round_trip) {
    subscribe_packet p;
    p.id = 9;
    p.requests = {{"a/+/#", {qos::at_least_once, true, true, retain_handling::do_not_send}},
                  {"b", {qos::exactly_once, false, false, retain_handling::send_if_new}},
                  {"$share/g/c", {}}};
    p.subscription_id = 268'435'455;
    std::string bytes;
    encode_subscribe(bytes, v5, p);
    const auto read = decode_subscribe(frame_of(bytes), v5);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->id, 9);
    EXPECT_EQ(read->subscription_id, 268'435'455U);
    ASSERT_EQ(read->requests.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(read->requests[i].filter, p.requests[i].filter);
        EXPECT_EQ(read->requests[i].options, p.requests[i].options);
    }
}

TEST(codec_subscribe, of_3_1_1_has_the_qos_alone) {
    subscribe_packet p{
        1, {{"a", {qos::exactly_once, true, true, retain_handling::do_not_send}}}, 5};
    std::string bytes;
    encode_subscribe(bytes, v3, p);
    EXPECT_EQ(bytes,
              "\x82\x06\0\x01\0\x01"
              "a\x02"sv);
    EXPECT_EQ(decode_subscribe(frame_of(bytes), v3)->requests[0].options,
              subscription_options{qos::exactly_once});
}

TEST(codec_subscribe, names_the_rule_that_it_breaks_in_3_1_1) {
    const auto why = [](std::string_view body) { return flaw_of(packet(0x82, body), v3); };
    EXPECT_EQ(why("\0\x01"sv),
              "protocol error: SUBSCRIBE has no topic filter [MQTT-3.8.3-3, 5.0: MQTT-3.8.3-2]");
    for (const auto bits : {"\x03", "\x04", "\x10", "\x40", "\x80", "\xfc"}) {
        EXPECT_THAT(why("\0\x01\0\x01t"s + bits),
                    StartsWith("malformed packet: SUBSCRIBE asks for a QoS that does not exist"));
    }
    EXPECT_THAT(why("\0\0\0\x01t\0"sv), StartsWith("protocol error: SUBSCRIBE has packet id 0"));
    EXPECT_THAT(why("\0\x01\0\x02t+\0"sv),
                StartsWith("topic filter invalid: SUBSCRIBE: a topic filter has a wildcard that"));
    EXPECT_THAT(why("\0\x01\0\0\0"sv), StartsWith("topic filter invalid"));
    EXPECT_THAT(why("\0\x01\0\x01\xff\0"sv), StartsWith("malformed packet: SUBSCRIBE: a topic"));
    EXPECT_THAT(why("\0\x01\0\x01t"sv), StartsWith("malformed packet: SUBSCRIBE is cut short"));
    EXPECT_EQ(why("\0\x01\0\x07$share/\0"sv), "");  // a filter like another
}

TEST(codec_subscribe, names_the_rule_that_it_breaks_in_5_0) {
    const auto why = [](std::string_view body) { return flaw_of(packet(0x82, body), v5); };
    EXPECT_THAT(why("\0\x01\0"sv), StartsWith("protocol error: SUBSCRIBE has no topic filter"));
    EXPECT_THAT(why("\0\x01\0\0\x01t\x03"sv), StartsWith("protocol error: SUBSCRIBE asks for a Q"));
    EXPECT_THAT(why("\0\x01\0\0\x01t\x40"sv), StartsWith("malformed packet: SUBSCRIBE has reserv"));
    EXPECT_THAT(why("\0\x01\0\0\x01t\x80"sv), StartsWith("malformed packet: SUBSCRIBE has reserv"));
    EXPECT_THAT(why("\0\x01\0\0\x01t\x30"sv),
                StartsWith("protocol error: SUBSCRIBE asks for a re"));
    EXPECT_THAT(why("\0\x01\x02\x0b\0\0\x01t\0"sv),
                StartsWith("protocol error: SUBSCRIBE: subscription identifier is 0"));
    EXPECT_THAT(why("\0\x01\x04\x0b\x01\x0b\x01\0\x01t\0"sv),
                StartsWith("protocol error: SUBSCRIBE: subscription identifier is there twice"));
    EXPECT_THAT(why("\0\x01\x02\x01\x01\0\x01t\0"sv),
                StartsWith("malformed packet: SUBSCRIBE: payload format indicator is a property"));
    EXPECT_THAT(why("\0\x01\0\x01t\0"sv), StartsWith("malformed packet"));  // no property length
    EXPECT_THAT(why("\0\x01\0\0\x0a$share/g/t\x04"sv),
                StartsWith("protocol error: SUBSCRIBE has No Local for a shared subscription"));
    EXPECT_EQ(why("\0\x01\0\0\x0a$share/g/t\x02"sv), "");
    for (const auto filter : {"\0\x08$share/g"sv, "\0\x09$share/g/"sv, "\0\x09$share//t"sv,
                              "\0\x0a$share/+/t"sv, "\0\x08$share/#"sv}) {
        EXPECT_THAT(why("\0\x01\0"s + std::string(filter) + "\0"s),
                    StartsWith("topic filter invalid: SUBSCRIBE: a topic filter "));
    }
}

TEST(codec_suback, survives_the_round_trip) {
    std::string bytes;
    encode_suback(bytes, v5, 7, "\0\x01\x02\x97"sv);
    EXPECT_EQ(bytes, "\x90\x07\0\x07\0\0\x01\x02\x97"sv);
    const auto p = decode_suback(frame_of(bytes), v5);
    ASSERT_TRUE(p) << p.error().what;
    EXPECT_EQ(p->id, 7);
    EXPECT_EQ(p->codes, "\0\x01\x02\x97"sv);
    const auto explained = decode_suback(frame_of("\x90\x0a\0\x07\x06\x1f\0\x03why\x80"sv), v5);
    ASSERT_TRUE(explained);
    EXPECT_EQ(explained->reason_string, "why");
    EXPECT_EQ(explained->codes, "\x80");
}

TEST(codec_suback, of_3_1_1_knows_one_failure) {
    std::string bytes;
    encode_suback(bytes, v3, 7, "\0\x01\x02\x87\x80"sv);
    EXPECT_EQ(bytes, "\x90\x07\0\x07\0\x01\x02\x80\x80"sv);
    EXPECT_EQ(flaw_of(bytes, v3), "");
}

TEST(codec_suback, has_codes_that_exist) {
    EXPECT_THAT(flaw_of("\x90\x02\0\x01"sv, v3),
                StartsWith("protocol error: SUBACK has no reason"));
    EXPECT_THAT(flaw_of("\x90\x03\0\x01\0"sv, v5), StartsWith("protocol error: SUBACK has no re"));
    const std::string known = "\x00\x01\x02\x80\x83\x87\x8f\x91\x97\x9e\xa1\xa2"s;
    for (unsigned code = 0; code < 256; ++code) {
        const auto byte = static_cast<char>(code);
        EXPECT_EQ(flaw_of(packet(0x90, "\0\x01"s + byte), v3).empty(), code < 3 || code == 0x80);
        EXPECT_EQ(flaw_of(packet(0x90, "\0\x01\0"s + byte), v5).empty(),
                  known.find(byte) != std::string::npos)
            << code;
    }
}

TEST(codec_unsubscribe, survives_the_round_trip) {
    for (const auto version : {v3, v5}) {
        std::string bytes;
        encode_unsubscribe(bytes, version, 7, "a/+");
        const auto p = decode_unsubscribe(frame_of(bytes), version);
        ASSERT_TRUE(p) << p.error().what;
        EXPECT_EQ(p->id, 7);
        EXPECT_THAT(p->filters, ElementsAre("a/+"));
    }
    const auto two = decode_unsubscribe(frame_of("\xa2\x08\0\x01\0\x01"
                                                 "a\0\x01"
                                                 "b"sv),
                                        v3);
    ASSERT_TRUE(two);
    EXPECT_THAT(two->filters, ElementsAre("a", "b"));
}

TEST(codec_unsubscribe, names_the_rule_that_it_breaks) {
    EXPECT_EQ(flaw_of("\xa2\x02\0\x01"sv, v3),
              "protocol error: UNSUBSCRIBE has no topic filter [MQTT-3.10.3-2]");
    EXPECT_THAT(flaw_of("\xa2\x03\0\x01\0"sv, v5), StartsWith("protocol error: UNSUBSCRIBE has n"));
    EXPECT_THAT(flaw_of("\xa2\x04\0\x01\0\0"sv, v3), StartsWith("topic filter invalid"));
    EXPECT_THAT(flaw_of("\xa2\x05\0\0\0\x01t"sv, v3), StartsWith("protocol error"));
    EXPECT_THAT(flaw_of("\xa2\x05\0\x01\0\x01t"sv, v5), StartsWith("malformed packet"));
    EXPECT_THAT(flaw_of("\xa2\x08\0\x01\x02\x0b\x01\0\x01t"sv, v5),
                StartsWith("malformed packet: UNSUBSCRIBE: subscription identifier is a property"));
}

TEST(codec_unsuback, has_codes_in_5_0_only) {
    std::string bytes;
    encode_unsuback(bytes, v3, 7, "\0\x11"sv);
    EXPECT_EQ(bytes, "\xb0\x02\0\x07"sv);
    EXPECT_EQ(flaw_of(bytes, v3), "");
    EXPECT_THAT(flaw_of("\xb0\x03\0\x07\0"sv, v3), StartsWith("malformed packet: UNSUBACK has by"));
    bytes.clear();
    encode_unsuback(bytes, v5, 7, "\0\x11"sv);
    EXPECT_EQ(bytes, "\xb0\x05\0\x07\0\0\x11"sv);
    EXPECT_EQ(decode_unsuback(frame_of(bytes), v5)->codes, "\0\x11"sv);
    const auto explained = decode_unsuback(frame_of("\xb0\x0a\0\x07\x06\x1f\0\x03why\x80"sv), v5);
    ASSERT_TRUE(explained);
    EXPECT_EQ(explained->reason_string, "why");
    EXPECT_THAT(flaw_of("\xb0\x03\0\x07\0"sv, v5), StartsWith("protocol error: UNSUBACK has no r"));
    EXPECT_THAT(flaw_of("\xb0\x04\0\x07\0\x01"sv, v5), StartsWith("protocol error"));
}

}  // namespace
}  // namespace evergrass::mqtt
