#include "libs/mqtt/client_session_fixture.hpp"

// PUBLISH to the server and how it is acknowledged. Lost connections are in client_resume_test.cpp.
namespace evergrass::mqtt {
namespace {

using namespace testing;

publish_options with(qos level) {
    publish_options o;
    o.level = level;
    return o;
}

class client_publish_test : public client_session_fixture {};
EVERGRASS_BOTH_VERSIONS(client_publish_test);

class client_publish_5_test : public client_session_fixture {};
EVERGRASS_VERSION_5(client_publish_5_test);

TEST_P(client_publish_test, qos_0_is_done_when_it_is_written) {
    connect();
    publish("x", qos::at_most_once);
    EXPECT_THAT(answers, IsEmpty());
    EXPECT_EQ(written(), speaks_5() ? "\x30\x05\0\x01t\0x"sv : "\x30\x04\0\x01tx"sv);
    EXPECT_THAT(answers, ElementsAre("done"));
}

TEST_P(client_publish_test, qos_0_needs_a_connection_and_room) {
    EXPECT_EQ(publish("x", qos::at_most_once), send_result::not_connected);
    connect();
    EXPECT_EQ(publish(std::string(1'000, 'x'), qos::at_most_once), send_result::queue_full);
    EXPECT_EQ(publish("x", qos::at_most_once), send_result::queued);
    session->lost("tested");
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("the connection was lost: tested"));
}

TEST_P(client_publish_test, qos_1_is_done_when_acknowledged_and_only_so_many_are_under_way) {
    publish("a", qos::at_least_once);
    publish("b", qos::at_least_once);
    publish("c", qos::at_least_once);
    connect();
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 t=a", "PUBLISH #2 q1 t=b"));
    hear_ack(packet_type::puback, 2);  // out of order
    EXPECT_THAT(said(), ElementsAre("PUBLISH #3 q1 t=c"));
    hear_ack(packet_type::puback, 1);
    hear_ack(packet_type::puback, 1);  // twice
    hear_ack(packet_type::puback, 3);
    EXPECT_THAT(answers, ElementsAre("done", "done", "done"));
}

TEST_P(client_publish_test, qos_2_is_done_when_complete) {
    connect();
    publish("a", qos::exactly_once);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q2 t=a"));
    hear_ack(packet_type::pubrec, 1);
    EXPECT_THAT(said(), ElementsAre("PUBREL #1"));
    EXPECT_THAT(answers, IsEmpty());
    hear_ack(packet_type::pubrec, 1);  // twice
    EXPECT_THAT(said(), ElementsAre("PUBREL #1"));
    hear_ack(packet_type::pubcomp, 1);
    hear_ack(packet_type::pubcomp, 1);  // twice
    EXPECT_THAT(answers, ElementsAre("done"));
    EXPECT_TRUE(session->connected());
}

TEST_P(client_publish_test, qos_2_takes_its_place_in_the_window_until_it_is_complete) {
    connect();
    publish("a", qos::exactly_once);
    publish("b", qos::at_least_once);
    publish("c", qos::exactly_once);
    hear_ack(packet_type::pubrec, 1);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q2 t=a", "PUBLISH #2 q1 t=b", "PUBREL #1"));
    hear_ack(packet_type::pubcomp, 1);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #3 q2 t=c"));
}

TEST_P(client_publish_test, a_pubrec_for_what_we_do_not_know_is_released) {
    connect();
    hear_ack(packet_type::pubrec, 9);
    EXPECT_THAT(said(), ElementsAre(speaks_5() ? "PUBREL #9 0x92" : "PUBREL #9"));
}

TEST_P(client_publish_test, packet_identifiers_go_round_and_leave_out_those_in_use) {
    auto o = options();
    o.first_packet_id = 65'534;
    make(o);
    connect();
    publish("never acknowledged", qos::at_least_once);
    written();
    unsigned expected = 65'534;
    for (int i = 0; i < 65'540; ++i) {
        expected = expected == 65'533 ? 65'535 : expected % 65'535 + 1;
        unsubscribe("s");
        const auto bytes = written();
        const auto id = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[2]) << 8U |
                                                   static_cast<unsigned char>(bytes[3]));
        ASSERT_EQ(id, expected);
        hear_unsuback(id);
    }
    hear_ack(packet_type::puback, 65'534);
    EXPECT_EQ(answers.back(), "done");
}

TEST_P(client_publish_test, retain_is_sent) {
    connect();
    auto o = with(qos::at_least_once);
    o.retain = true;
    publish("x", o);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 retain t=x"));
}

TEST_P(client_publish_test, the_queue_is_bounded_and_an_acknowledgement_makes_room) {
    EXPECT_EQ(publish(std::string(600, 'x'), qos::at_least_once), send_result::queued);
    EXPECT_EQ(publish(std::string(600, 'x'), qos::at_least_once), send_result::queue_full);
    connect();
    hear_ack(packet_type::puback, 1);
    EXPECT_EQ(publish(std::string(600, 'x'), qos::exactly_once), send_result::queued);
    EXPECT_EQ(publish(std::string(600, 'x'), qos::exactly_once), send_result::queue_full);
    hear_ack(packet_type::pubrec, 2);  // the payload is the server's now
    EXPECT_EQ(publish(std::string(600, 'x'), qos::exactly_once), send_result::queued);
}

TEST_P(client_publish_test, the_queue_is_bounded_in_messages_too) {
    auto o = options();
    o.max_queued_messages = 3;
    make(o);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(publish("", qos::at_least_once), send_result::queued);
    }
    EXPECT_EQ(publish("", qos::at_least_once), send_result::queue_full);
}

TEST_P(client_publish_test, an_impossible_message_is_answered_and_not_sent) {
    auto o = options();
    o.max_packet_bytes = 100;
    make(o);
    connect();
    publish("x", with(qos::at_least_once), "a/+");
    publish("x", with(qos::at_most_once), "");
    publish(std::string(100, 'x'), qos::at_least_once);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_THAT(answers[0], HasSubstr("wildcard"));
    EXPECT_THAT(answers[2], HasSubstr("100 are possible"));
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_publish_test, properties_need_5_0) {
    connect();
    auto o = with(qos::at_least_once);
    o.properties.utf8_payload = true;
    o.properties.expiry = 60;
    o.properties.content_type = "json";
    o.properties.response_topic = "r";
    o.properties.correlation_data = "c";
    o.properties.user = {{"k", "v"}, {"k", "w"}};
    publish("x", o);
    if (speaks_5()) {
        EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 t=x utf8 expiry=60 type=json response=r "
                                        "correlation=c k:v k:w"));
    } else {
        EXPECT_THAT(said(), IsEmpty());
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_THAT(answers[0], HasSubstr("need MQTT 5.0"));
    }
}

TEST_P(client_publish_5_test, properties_that_cannot_be_are_not_sent) {
    connect();
    const std::vector<std::pair<message_properties, std::string>> wrong{
        {{.content_type = "\xff"}, "content type"},
        {{.content_type = std::string(65'536, 'x')}, "content type"},
        {{.response_topic = "a/#"}, "response topic"},
        {{.correlation_data = std::string(65'536, 'x')}, "correlation data"},
        {{.user = {{"k", "a\0b"s}}}, "user property"},
    };
    for (const auto& [properties, what] : wrong) {
        answers.clear();
        publish("x", {qos::at_least_once, false, properties});
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_THAT(answers[0], HasSubstr(what));
    }
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_publish_5_test, a_message_that_waits_grows_old) {
    auto o = with(qos::at_least_once);
    o.properties.expiry = 10;
    publish("young", o);
    o.properties.expiry = 3;
    publish("old", o);
    now += 4s;
    connect();
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 t=young expiry=6"));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("the message to 't' expired before it could be sent"));
}

// Once sent it is part of the session, and what becomes of it is the server's to say.
TEST_P(client_publish_5_test, an_expired_message_is_sent_again_all_the_same) {
    auto options_kept = options();
    options_kept.session_expiry = 100;
    make(options_kept);
    connect();
    auto o = with(qos::at_least_once);
    o.properties.expiry = 3;
    publish("x", o);
    written();
    now += 10s;
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 dup t=x expiry=1"));
}

TEST_P(client_publish_5_test, the_servers_reasons_are_told) {
    connect();
    publish("a", qos::at_least_once);
    publish("b", qos::exactly_once);
    hear_ack(packet_type::puback, 1, reason::not_authorized, "no rights");
    hear_ack(packet_type::pubrec, 2, reason::quota_exceeded);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_THAT(answers[0], HasSubstr("the server refused the message to 't': PUBACK 0x87 not "
                                      "authorized: no rights"));
    EXPECT_THAT(answers[1], HasSubstr("PUBREC 0x97 quota exceeded"));
    said();
    publish("c", qos::at_least_once);
    publish("d", qos::exactly_once);
    hear_ack(packet_type::puback, 3, reason::no_matching_subscribers);
    hear_ack(packet_type::pubrec, 4, reason::no_matching_subscribers);
    hear_ack(packet_type::pubcomp, 4);
    EXPECT_EQ(answers[2], "done 0x10");
    EXPECT_EQ(answers[3], "done 0x10");
}

TEST_P(client_publish_5_test, the_servers_receive_maximum_is_obeyed) {
    connack_packet p;
    p.receive_maximum = 1;
    publish("a", qos::at_least_once);
    publish("b", qos::exactly_once);
    publish("c", qos::at_least_once);
    connect(p);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 t=a"));
    hear_ack(packet_type::puback, 1);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #2 q2 t=b"));
    publish("not bounded", qos::at_most_once);
    hear_ack(packet_type::pubrec, 2);
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 t=not bounded", "PUBREL #2"));
    hear_ack(packet_type::pubcomp, 2);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #3 q1 t=c"));
}

TEST_P(client_publish_5_test, a_refused_qos_2_message_makes_room_at_once) {
    connack_packet p;
    p.receive_maximum = 1;
    connect(p);
    publish("a", qos::exactly_once);
    publish("b", qos::exactly_once);
    hear_ack(packet_type::pubrec, 1, reason::not_authorized);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q2 t=a", "PUBLISH #2 q2 t=b"));
}

TEST_P(client_publish_5_test, what_the_server_does_not_do_is_not_sent) {
    connack_packet p;
    p.maximum_qos = qos::at_most_once;
    p.retain_available = false;
    p.maximum_packet_size = 50;
    publish("waited", qos::at_least_once);
    connect(p);
    publish("a", qos::exactly_once);
    publish("b", {.retain = true});
    publish(std::string(50, 'x'), qos::at_most_once);
    publish("fits", qos::at_most_once);
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_THAT(answers[0], HasSubstr("has QoS 1; the server takes at most 0"));
    EXPECT_THAT(answers[1], HasSubstr("has QoS 2; the server takes at most 0"));
    EXPECT_THAT(answers[2], HasSubstr("retained, which the server does not do"));
    EXPECT_THAT(answers[3], HasSubstr("takes 56 bytes; the server takes 50"));
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 t=fits"));
}

TEST_P(client_publish_5_test, topic_aliases_are_given_as_far_as_the_server_allows) {
    connack_packet p;
    p.topic_alias_maximum = 2;
    connect(p);
    const auto send = [&](const std::string& topic) { publish("x", with({}), topic); };
    send("topic/a");
    send("topic/a");
    send("topic/b");
    send("topic/a");
    send("topic/c");  // takes the alias of b, which was used longer ago
    send("topic/b");
    send("t");  // no shorter with an alias
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 alias=1 topic/a=x", "PUBLISH q0 alias=1 =x",
                                    "PUBLISH q0 alias=2 topic/b=x", "PUBLISH q0 alias=1 =x",
                                    "PUBLISH q0 alias=2 topic/c=x", "PUBLISH q0 alias=1 topic/b=x",
                                    "PUBLISH q0 t=x"));
    session->lost("tested");
    connect(p);
    send("topic/b");
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 alias=1 topic/b=x"));
}

TEST_P(client_publish_5_test, a_topic_alias_is_left_out_where_it_does_not_fit) {
    connack_packet p;
    p.topic_alias_maximum = 2;
    p.maximum_packet_size = 20;
    connect(p);
    publish(std::string(8, 'x'), with({}), "topic/a");
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 topic/a=xxxxxxxx"));
}

}  // namespace
}  // namespace evergrass::mqtt
