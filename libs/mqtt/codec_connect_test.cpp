#include "libs/mqtt/codec_testing.hpp"

#include <gmock/gmock.h>

namespace evergrass::mqtt {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Flags and all behind the keep alive of 0.
std::string flaw_of_v3(unsigned flags, std::string_view rest) {
    return flaw_of(
        packet(0x10, "\0\x04MQTT\x04"s + static_cast<char>(flags) + "\0\0"s + std::string(rest)),
        v3);
}
std::string flaw_of_v5(unsigned flags, std::string_view rest) {
    return flaw_of(
        packet(0x10, "\0\x04MQTT\x05"s + static_cast<char>(flags) + "\0\0"s + std::string(rest)),
        v5);
}
// A CONNECT of 5.0 with these properties; one with a will with these.
std::string flaw_with(std::string_view properties) {
    return flaw_of_v5(2, std::string(1, static_cast<char>(properties.size())) +
                             std::string(properties) + "\0\x01x"s);
}
std::string flaw_of_will(std::string_view properties) {
    return flaw_of_v5(6, "\0\0\x01x"s + static_cast<char>(properties.size()) +
                             std::string(properties) + "\0\x01t\0\0"s);
}

connect_packet full(protocol_version version, std::string_view properties,
                    std::string_view will_properties) {
    connect_packet p;
    p.protocol_level = static_cast<std::uint8_t>(version);
    p.clean_start = false;
    p.keep_alive_seconds = 600;
    p.client_id = "client";
    p.will.emplace();
    p.will->topic = "will/topic";
    p.will->payload = "will \xff\0payload"sv;
    p.will->level = qos::exactly_once;
    p.will->retain = true;
    p.will->delay_seconds = 5;
    p.will->message_expiry = 60;
    p.will->properties = will_properties;
    p.user_name = "user";
    p.password = "\xff\0"sv;
    p.session_expiry = 77;
    p.receive_maximum = 5;
    p.maximum_packet_size = 1000;
    p.topic_alias_maximum = 6;
    p.request_response_information = true;
    p.request_problem_information = false;
    p.authentication_method = "SCRAM";
    p.properties = properties;
    return p;
}

void expect_common(const connect_packet& read, const connect_packet& p) {
    EXPECT_EQ(read.protocol_level, p.protocol_level);
    EXPECT_EQ(read.clean_start, p.clean_start);
    EXPECT_EQ(read.keep_alive_seconds, p.keep_alive_seconds);
    EXPECT_EQ(read.client_id, p.client_id);
    EXPECT_EQ(read.user_name, p.user_name);
    EXPECT_EQ(read.password, p.password);
    ASSERT_TRUE(read.will);
    EXPECT_EQ(read.will->topic, p.will->topic);
    EXPECT_EQ(read.will->payload, p.will->payload);
    EXPECT_EQ(read.will->level, p.will->level);
    EXPECT_EQ(read.will->retain, p.will->retain);
}

TEST(codec_connect, of_3_1_1_survives_the_round_trip) {
    const auto p = full(v3, "", "");
    std::string bytes;
    encode_connect(bytes, p);
    const auto read = decode_connect(frame_of(bytes));
    ASSERT_TRUE(read) << read.error().what;
    expect_common(*read, p);
    EXPECT_EQ(read->version(), v3);
    EXPECT_EQ(connect_level(frame_of(bytes)), 4);
}

TEST(codec_connect, of_3_1_1_says_the_sessions_life_as_5_0_would) {
    connect_packet p;
    for (const bool clean : {true, false}) {
        p.clean_start = clean;
        std::string bytes;
        encode_connect(bytes, p);
        EXPECT_EQ(decode_connect(frame_of(bytes))->session_expiry, clean ? 0 : 0xFFFF'FFFF);
    }
}

TEST(codec_connect, of_5_0_survives_the_round_trip) {
    std::string others;
    put_property(others, property_id::authentication_data, "n,,n=user");
    put_user_property(others, "k", "v");
    std::string of_will;
    put_property(of_will, property_id::payload_format_indicator, 1);
    put_property(of_will, property_id::content_type, "text/plain");
    put_property(of_will, property_id::response_topic, "answer");
    put_property(of_will, property_id::correlation_data, "\xff");
    put_user_property(of_will, "k", "v");
    const auto p = full(v5, others, of_will);
    std::string bytes;
    encode_connect(bytes, p);
    const auto read = decode_connect(frame_of(bytes));
    ASSERT_TRUE(read) << read.error().what;
    expect_common(*read, p);
    EXPECT_EQ(read->version(), v5);
    EXPECT_EQ(read->session_expiry, 77U);
    EXPECT_EQ(read->receive_maximum, 5);
    EXPECT_EQ(read->maximum_packet_size, 1000U);
    EXPECT_EQ(read->topic_alias_maximum, 6);
    EXPECT_TRUE(read->request_response_information);
    EXPECT_FALSE(read->request_problem_information);
    EXPECT_EQ(read->authentication_method, "SCRAM");
    EXPECT_THAT(std::string(read->properties), HasSubstr(others));
    EXPECT_EQ(read->will->delay_seconds, 5U);
    EXPECT_EQ(read->will->message_expiry, 60U);
    std::string scratch;
    EXPECT_EQ(forwarded_properties(read->will->properties, scratch), of_will);
    std::string again;  // members are not written twice although the list has them
    encode_connect(again, *read);
    EXPECT_EQ(again, bytes);
}

TEST(codec_connect, without_properties_has_their_defaults) {
    const auto p = decode_connect(frame_of("\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01x"sv));
    ASSERT_TRUE(p) << p.error().what;
    EXPECT_EQ(p->session_expiry, 0U);
    EXPECT_EQ(p->receive_maximum, 65'535);
    EXPECT_EQ(p->maximum_packet_size, std::nullopt);
    EXPECT_EQ(p->topic_alias_maximum, 0);
    EXPECT_FALSE(p->request_response_information);
    EXPECT_TRUE(p->request_problem_information);
    EXPECT_EQ(p->authentication_method, std::nullopt);
    EXPECT_FALSE(p->will);
}

TEST(codec_connect, of_another_level_is_read_no_further) {
    for (const unsigned level : {0U, 3U, 6U, 132U, 255U}) {
        const auto bytes = packet(0x10, "\0\x04MQTT"s + static_cast<char>(level) + "\xff whatever");
        const auto p = decode_connect(frame_of(bytes));
        ASSERT_TRUE(p) << p.error().what;
        EXPECT_EQ(p->protocol_level, level);
        EXPECT_EQ(connect_level(frame_of(bytes)), level);
    }
}

TEST(codec_connect, of_3_1_is_a_level_that_is_not_known) {
    for (const auto bytes : {"\x10\x0b\0\x06MQIsdp\x03\xff\xff"sv, "\x10\x09\0\x06MQIsdp\x05"sv}) {
        const auto p = decode_connect(frame_of(bytes));
        ASSERT_TRUE(p) << p.error().what;
        EXPECT_EQ(p->protocol_level, 3);
    }
}

TEST(codec_connect, of_another_protocol_is_a_fault) {
    for (const auto name : {"\0\x04mqtt"sv, "\0\x04MQTX"sv, "\0\x05MQTT "sv, "\0\0"sv}) {
        const auto bytes = packet(0x10, std::string(name) + "\x05\x02\0\0\0\0\0"s);
        EXPECT_THAT(flaw_of(bytes, v5),
                    StartsWith("unsupported protocol version: CONNECT is not of the protocol"));
        EXPECT_EQ(connect_level(frame_of(bytes)), std::nullopt);
    }
    EXPECT_EQ(connect_level(frame_of("\x10\x06\0\x04MQTT"sv)), std::nullopt);
}

TEST(codec_connect, names_the_rule_that_its_flags_break) {
    EXPECT_EQ(flaw_of_v3(0x02, "\0\x01x"sv), "");
    EXPECT_EQ(flaw_of_v5(0x02, "\0\0\x01x"sv), "");
    for (const auto& why : {flaw_of_v3(0x03, "\0\x01x"sv), flaw_of_v5(0x03, "\0\0\x01x"sv)}) {
        EXPECT_EQ(why, "malformed packet: CONNECT has its reserved flag set [MQTT-3.1.2-3]");
    }
    for (const unsigned flags : {0x0AU, 0x12U, 0x1AU, 0x22U, 0x3AU}) {
        EXPECT_THAT(flaw_of_v3(flags, "\0\x01x"sv),
                    StartsWith("malformed packet: CONNECT describes a will but has none"));
        EXPECT_THAT(flaw_of_v5(flags, "\0\0\x01x"sv),
                    StartsWith("malformed packet: CONNECT describes a will but has none"));
    }
    EXPECT_THAT(flaw_of_v3(0x1e, "\0\x01x\0\x01t\0\0"sv),
                StartsWith("malformed packet: CONNECT wants its will sent with QoS 3"));
    EXPECT_THAT(flaw_of_v3(0x42, "\0\x01x\0\x01p"sv),
                StartsWith("malformed packet: CONNECT has a password but no user name"));
    EXPECT_EQ(flaw_of_v5(0x42, "\0\0\x01x\0\x01p"sv), "");
}

TEST(codec_connect, names_the_field_that_is_no_text) {
    EXPECT_THAT(flaw_of_v3(0x02, "\0\x01\xff"sv),
                StartsWith("malformed packet: CONNECT: the client id is not well-formed UTF-8"));
    EXPECT_THAT(flaw_of_v3(0x02, "\0\x01\0"sv),
                StartsWith("malformed packet: CONNECT: the client id holds U+0000"));
    EXPECT_THAT(flaw_of_v3(0x82, "\0\x01x\0\x01\xff"sv),
                StartsWith("malformed packet: CONNECT: the user name is not well-formed UTF-8"));
    EXPECT_THAT(flaw_of_v3(0x06, "\0\x01x\0\x01#\0\0"sv),
                StartsWith("topic name invalid: CONNECT: the will topic holds a wildcard"));
    EXPECT_THAT(flaw_of_v3(0x06, "\0\x01x\0\0\0\0"sv),
                StartsWith("topic name invalid: CONNECT: the will topic is empty"));
    EXPECT_THAT(flaw_of_v3(0x06, "\0\x01x\0\x01\xff\0\0"sv),
                StartsWith("malformed packet: CONNECT: the will topic is not well-formed"));
    EXPECT_EQ(flaw_of_v3(0x02, "\0\x03+/#"sv), "");  // letters in a client id
    EXPECT_EQ(flaw_of_v3(0x02, "\0\0"sv), "");       // the session judges an empty one
}

TEST(codec_connect, has_the_fields_that_the_flags_say_and_no_more) {
    for (const unsigned flags : {0x06U, 0x82U, 0xC2U, 0xC6U}) {
        EXPECT_THAT(flaw_of_v3(flags, "\0\x01x"sv),
                    StartsWith("malformed packet: CONNECT is cut short"));
    }
    EXPECT_THAT(flaw_of_v3(0x02, "\0\x01x\0\x01u"sv),
                StartsWith("malformed packet: CONNECT has bytes after its last field"));
}

TEST(codec_connect, names_the_rule_that_its_properties_break) {
    EXPECT_THAT(flaw_with("\x21\0\0"sv), StartsWith("protocol error: CONNECT: receive maximum is"));
    EXPECT_THAT(flaw_with("\x27\0\0\0\0"sv), StartsWith("protocol error: CONNECT: maximum packet"));
    EXPECT_THAT(flaw_with("\x17\x02"sv),
                StartsWith("protocol error: CONNECT: request problem information is neither"));
    EXPECT_THAT(flaw_with("\x19\x02"sv),
                StartsWith("protocol error: CONNECT: request response information is neither"));
    EXPECT_THAT(flaw_with("\x16\0\x01x"sv),
                StartsWith("protocol error: CONNECT has authentication data but names no method"));
    EXPECT_EQ(flaw_with("\x16\0\x01x\x15\0\x01m"sv), "");
    EXPECT_THAT(flaw_with("\x15\0\x01\xff"sv),
                StartsWith("malformed packet: CONNECT: authentication method is not well-formed"));
    EXPECT_THAT(flaw_with("\x11\0\0\0\x01\x11\0\0\0\x01"sv),
                StartsWith("protocol error: CONNECT: session expiry interval is there twice"));
    EXPECT_THAT(
        flaw_with("\x18\0\0\0\x01"sv),
        StartsWith("malformed packet: CONNECT: will delay interval is a property of other"));
    EXPECT_EQ(flaw_with("\x22\0\0"sv), "");
    EXPECT_EQ(flaw_with("\x11\xff\xff\xff\xff"sv), "");
}

TEST(codec_connect, names_the_rule_that_its_wills_properties_break) {
    EXPECT_EQ(flaw_of_will("\x18\0\0\0\x01"sv), "");
    EXPECT_THAT(flaw_of_will("\x18\0\0\0\x01\x18\0\0\0\x01"sv),
                StartsWith("protocol error: CONNECT: will delay interval is there twice"));
    EXPECT_THAT(flaw_of_will("\x08\0\x03"
                             "a/+"sv),
                StartsWith("protocol error: CONNECT: response"));
    EXPECT_THAT(flaw_of_will("\x01\x02"sv), StartsWith("protocol error: CONNECT: payload format"));
    EXPECT_THAT(flaw_of_will("\x03\0\x02\xc3\x28"sv),
                StartsWith("malformed packet: CONNECT: cont"));
    EXPECT_THAT(
        flaw_of_will("\x23\0\x01"sv),
        StartsWith("malformed packet: CONNECT: topic alias is a property of other packets"));
}

TEST(codec_connack, survives_the_round_trip) {
    connack_packet p;
    p.session_present = true;
    p.session_expiry = 5;
    p.receive_maximum = 6;
    p.maximum_qos = qos::at_least_once;
    p.retain_available = false;
    p.maximum_packet_size = 7;
    p.assigned_client_id = "id";
    p.topic_alias_maximum = 8;
    p.reason_string = "why";
    p.wildcard_subscription_available = false;
    p.subscription_identifiers_available = false;
    p.shared_subscription_available = false;
    p.server_keep_alive = 9;
    p.response_information = "response/topic";
    std::string bytes;
    encode_connack(bytes, v5, p);
    const auto read = decode_connack(frame_of(bytes), v5);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(read->session_present);
    EXPECT_EQ(read->code, reason::success);
    EXPECT_EQ(read->session_expiry, 5U);
    EXPECT_EQ(read->receive_maximum, 6);
    EXPECT_EQ(read->maximum_qos, qos::at_least_once);
    EXPECT_FALSE(read->retain_available);
    EXPECT_EQ(read->maximum_packet_size, 7U);
    EXPECT_EQ(read->assigned_client_id, "id");
    EXPECT_EQ(read->topic_alias_maximum, 8);
    EXPECT_EQ(read->reason_string, "why");
    EXPECT_FALSE(read->wildcard_subscription_available);
    EXPECT_FALSE(read->subscription_identifiers_available);
    EXPECT_FALSE(read->shared_subscription_available);
    EXPECT_EQ(read->server_keep_alive, 9);
    EXPECT_EQ(read->response_information, "response/topic");
}

TEST(codec_connack, says_only_what_is_not_the_default) {
    connack_packet p;
    std::string bytes;
    encode_connack(bytes, v5, p);
    encode_connack(bytes, v3, p);
    p.code = reason::unsupported_protocol_version;
    encode_connack(bytes, v5, p);
    encode_connack(bytes, v3, p);
    EXPECT_EQ(bytes, "\x20\x03\0\0\0\x20\x02\0\0\x20\x03\0\x84\0\x20\x02\0\x01"sv);
}

TEST(codec_connack, of_3_1_1_has_codes_of_its_own) {
    const auto code_of = [](reason code) {
        connack_packet p;
        p.code = code;
        std::string bytes;
        encode_connack(bytes, v3, p);
        return bytes.empty() ? -1 : static_cast<int>(bytes[3]);
    };
    EXPECT_EQ(code_of(reason::unsupported_protocol_version), 1);
    EXPECT_EQ(code_of(reason::client_identifier_not_valid), 2);
    EXPECT_EQ(code_of(reason::server_unavailable), 3);
    EXPECT_EQ(code_of(reason::server_busy), 3);
    EXPECT_EQ(code_of(reason::quota_exceeded), 3);
    EXPECT_EQ(code_of(reason::bad_user_name_or_password), 4);
    EXPECT_EQ(code_of(reason::not_authorized), 5);
    EXPECT_EQ(code_of(reason::banned), 5);
    // It closes without a word for what it cannot say [MQTT-3.2.2-6].
    EXPECT_EQ(code_of(reason::malformed_packet), -1);
    EXPECT_EQ(code_of(reason::protocol_error), -1);
    EXPECT_EQ(code_of(reason::packet_too_large), -1);
}

TEST(codec_connack, of_3_1_1_is_read_as_the_reasons_that_mean_the_same) {
    const reason expected[]{reason::success,
                            reason::unsupported_protocol_version,
                            reason::client_identifier_not_valid,
                            reason::server_unavailable,
                            reason::bad_user_name_or_password,
                            reason::not_authorized};
    for (unsigned code = 0; code < 256; ++code) {
        const auto bytes = packet(0x20, std::string{0, static_cast<char>(code)});
        const auto p = decode_connack(frame_of(bytes), v3);
        ASSERT_EQ(p.has_value(), code < 6) << code;
        if (p) {
            EXPECT_EQ(p->code, expected[code]);
        }
    }
}

TEST(codec_connack, names_the_rule_that_it_breaks) {
    EXPECT_THAT(flaw_of("\x20\x02\x02\0"sv, v3),
                StartsWith("malformed packet: CONNACK has reserved flags set"));
    EXPECT_THAT(flaw_of("\x20\x02\x01\x02"sv, v3),
                StartsWith("protocol error: CONNACK refuses but"));
    EXPECT_THAT(flaw_of("\x20\x03\x01\x87\0"sv, v5), StartsWith("protocol error: CONNACK refuses"));
    EXPECT_THAT(flaw_of("\x20\x03\0\x01\0"sv, v5),
                StartsWith("protocol error: CONNACK has a reas"));
    EXPECT_THAT(flaw_of("\x20\x02\0\0"sv, v5),
                StartsWith("malformed packet: CONNACK is cut short"));
    EXPECT_THAT(flaw_of("\x20\x03\0\0\0"sv, v3), StartsWith("malformed packet: CONNACK has bytes"));
    EXPECT_THAT(flaw_of("\x20\x05\0\0\x02\x24\x02"sv, v5),
                StartsWith("protocol error: CONNACK: maximum QoS is neither 0 nor 1"));
    EXPECT_THAT(flaw_of("\x20\x06\0\0\x03\x21\0\0"sv, v5),
                StartsWith("protocol error: CONNACK: receive maximum is 0"));
    EXPECT_THAT(flaw_of("\x20\x05\0\0\x02\x17\x01"sv, v5),
                StartsWith("malformed packet: CONNACK: request problem information is a property"));
    EXPECT_EQ(flaw_of("\x20\x0c\0\x9d\x09\x1c\0\x01s\x26\0\x00\0\0"sv, v5), "");
}

}  // namespace
}  // namespace evergrass::mqtt
