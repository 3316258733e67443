#include "libs/mqtt/client_session_fixture.hpp"

// PUBLISH from the server and what it is answered.
namespace evergrass::mqtt {
namespace {

using namespace testing;

class client_deliver_test : public client_session_fixture {
protected:
    void SetUp() override {
        auto o = options();
        o.clean_start = false;
        o.session_expiry = 100;
        o.receive_maximum = 2;
        make(o);
        connect();
    }
};
EVERGRASS_BOTH_VERSIONS(client_deliver_test);

class client_deliver_5_test : public client_deliver_test {
protected:
    void hear_alias(std::uint16_t alias, std::string_view topic, std::string_view payload) {
        publish_head head;
        head.topic = topic;
        head.topic_alias = alias;
        head.payload_bytes = payload.size();
        std::string bytes;
        encode_publish_head(bytes, version, head);
        hear(bytes + std::string(payload));
    }
};
EVERGRASS_VERSION_5(client_deliver_5_test);

TEST_P(client_deliver_test, hands_over_messages_and_acknowledges_them) {
    hear_publish(0, qos::at_most_once, "t", "x");
    hear_publish(9, qos::at_least_once, "t", "y");
    hear_publish(9, qos::exactly_once, "t", "z");
    EXPECT_THAT(messages, ElementsAre("t=x", "t=y", "t=z"));
    EXPECT_THAT(said(), ElementsAre("PUBACK #9", "PUBREC #9"));
    hear_ack(packet_type::pubrel, 9);
    EXPECT_THAT(said(), ElementsAre("PUBCOMP #9"));
}

TEST_P(client_deliver_test, exactly_once_is_handed_over_once_until_it_is_released) {
    hear_publish(9, qos::exactly_once, "t", "x");
    hear_publish(9, qos::exactly_once, "t", "x", true);
    EXPECT_THAT(messages, ElementsAre("t=x"));
    EXPECT_THAT(said(), ElementsAre("PUBREC #9", "PUBREC #9"));
    hear_ack(packet_type::pubrel, 9);
    hear_publish(9, qos::exactly_once, "t", "another");
    EXPECT_THAT(messages, ElementsAre("t=x", "t=another"));
}

TEST_P(client_deliver_test, exactly_once_holds_over_connections) {
    hear_publish(9, qos::exactly_once, "t", "x");  // PUBREC is lost
    reconnect(true);
    hear_publish(9, qos::exactly_once, "t", "x", true);
    EXPECT_THAT(said(), ElementsAre("PUBREC #9"));
    reconnect(true);  // PUBREL is lost, and comes again
    hear_ack(packet_type::pubrel, 9);
    EXPECT_THAT(said(), ElementsAre("PUBCOMP #9"));
    reconnect(true);  // PUBCOMP is lost
    hear_ack(packet_type::pubrel, 9);
    EXPECT_THAT(said(), ElementsAre(speaks_5() ? "PUBCOMP #9 0x92" : "PUBCOMP #9"));
    EXPECT_THAT(messages, ElementsAre("t=x"));
}

TEST_P(client_deliver_test, a_new_session_has_new_packet_identifiers) {
    hear_publish(9, qos::exactly_once, "t", "x");
    reconnect(false);
    hear_publish(9, qos::exactly_once, "t", "y");
    EXPECT_THAT(messages, ElementsAre("t=x", "t=y"));
}

TEST_P(client_deliver_test, no_more_come_at_once_than_was_agreed) {
    hear_publish(1, qos::exactly_once, "t", "x");
    hear_publish(2, qos::exactly_once, "t", "x");
    hear_publish(2, qos::exactly_once, "t", "x", true);
    hear_publish(3, qos::at_least_once, "t", "x");  // is answered at once
    ASSERT_TRUE(session->connected());
    written();
    hear_publish(4, qos::exactly_once, "t", "x");
    if (speaks_5()) {
        EXPECT_THAT(session->failure(), HasSubstr("more than 2 messages at once"));
        EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x93"));
    } else {
        EXPECT_THAT(said(), ElementsAre("PUBREC #4"));
    }
}

TEST_P(client_deliver_test, all_packet_identifiers_may_be_under_way_in_3_1_1) {
    if (speaks_5()) {
        return;
    }
    for (unsigned id = 1; id <= 65'535; ++id) {
        hear_publish(static_cast<std::uint16_t>(id), qos::exactly_once, "t", "x");
        session->output().clear();
    }
    EXPECT_EQ(messages.size(), 65'535U);
    EXPECT_TRUE(session->connected());
}

TEST_P(client_deliver_test, flags_are_handed_over) {
    hear("\x3b"s + (speaks_5() ? "\x07\0\x01t\0\x01\0x"s : "\x06\0\x01t\0\x01x"s));
    EXPECT_THAT(messages, ElementsAre("t=x"));
}

TEST_P(client_deliver_5_test, properties_are_handed_over) {
    hear(
        "\x30\x2f\0\x01t\x2a"
        "\x01\x01\x02\0\0\0\x09\x03\0\x04json\x08\0\x01r\x09\0\x02\0\x01\x0b\x05\x0b\xff\x7f"
        "\x26\0\x01k\0\x01v\x26\0\x01k\0\x01w"
        "x"sv);
    ASSERT_EQ(properties.size(), 1U) << session->failure();
    received_properties wanted;
    wanted.utf8_payload = true;
    wanted.expiry = 9;
    wanted.content_type = "json";
    wanted.response_topic = "r";
    wanted.correlation_data = "\0\x01"s;
    wanted.user = {{"k", "v"}, {"k", "w"}};
    wanted.subscription_ids = {5, 16'383};
    EXPECT_EQ(static_cast<const message_properties&>(properties[0]), wanted);
    EXPECT_EQ(properties[0].subscription_ids, wanted.subscription_ids);
}

TEST_P(client_deliver_5_test, topic_aliases_stand_for_the_last_topic_they_were_given) {
    hear_alias(1, "a", "1");
    hear_alias(16, "b", "2");
    hear_alias(1, "", "3");
    hear_alias(16, "", "4");
    hear_alias(1, "c", "5");
    hear_alias(1, "", "6");
    EXPECT_THAT(messages, ElementsAre("a=1", "b=2", "a=3", "b=4", "c=5", "c=6"));
}

TEST_P(client_deliver_5_test, topic_aliases_end_with_their_connection) {
    hear_alias(1, "a", "1");
    reconnect(true);
    hear_alias(1, "", "2");
    EXPECT_THAT(messages, ElementsAre("a=1"));
    EXPECT_THAT(session->failure(), HasSubstr("stands for no topic"));
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x82"));
}

TEST_P(client_deliver_5_test, a_topic_alias_above_what_was_agreed_ends_the_connection) {
    hear_alias(17, "a", "1");
    EXPECT_THAT(session->failure(), HasSubstr("topic alias 17; 16 is the highest"));
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x94"));
}

TEST_P(client_deliver_5_test, a_packet_above_the_maximum_ends_the_connection) {
    hear("\x30\xff\xff\xff\x7f"sv);
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x95"));
}

}  // namespace
}  // namespace evergrass::mqtt
