#include "libs/mqtt/backoff.hpp"
#include "libs/mqtt/client_session_fixture.hpp"

// Time, hostile servers and stop(). The packet flows are in client_connect_test.cpp,
// client_subscribe_test.cpp, client_publish_test.cpp and client_deliver_test.cpp.
namespace evergrass::mqtt {
namespace {

using namespace testing;

class client_session_test : public client_session_fixture {};
EVERGRASS_BOTH_VERSIONS(client_session_test);

class client_session_5_test : public client_session_fixture {};
EVERGRASS_VERSION_5(client_session_5_test);

TEST_P(client_session_test, a_server_that_does_not_answer_connect_is_given_up) {
    session->opened(now);
    EXPECT_EQ(session->deadline(), now + 5s);
    session->on_time(now + 5s);
    ASSERT_TRUE(session->failed());
    EXPECT_THAT(session->failure(), HasSubstr("no CONNACK within 5000 ms"));
}

TEST_P(client_session_test, pings_before_the_keep_alive_runs_out_and_wants_an_answer) {
    connect();
    EXPECT_EQ(session->deadline(), now + 30s);
    now += 30s;
    session->on_time(now);
    EXPECT_EQ(written(), "\xc0\0"sv);
    EXPECT_EQ(session->deadline(), now + 5s);
    hear("\xd0\0"sv);
    EXPECT_EQ(session->deadline(), now + 30s);
    now += 30s;
    session->on_time(now);
    session->on_time(now + 5s);
    ASSERT_TRUE(session->failed());
    EXPECT_THAT(session->failure(), HasSubstr("no PINGRESP within 5000 ms"));
    EXPECT_FALSE(session->has_last_words());
}

TEST_P(client_session_test, a_server_that_is_silent_while_we_send_is_pinged) {
    connect();
    now += 20s;
    publish("x", qos::at_most_once);
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 t=x"));
    EXPECT_EQ(session->deadline(), now + 10s);
    now += 10s;
    session->on_time(now);
    EXPECT_THAT(said(), ElementsAre("PINGREQ"));
}

TEST_P(client_session_test, without_keep_alive_there_are_no_pings) {
    auto o = options();
    o.keep_alive = 0s;
    make(o);
    connect();
    EXPECT_EQ(session->deadline(), mono_time::max());
}

TEST_P(client_session_test, a_missing_acknowledgement_ends_the_connection) {
    connect();
    publish("a", qos::at_least_once);
    now += 1s;
    written();  // the time runs from here
    EXPECT_EQ(session->deadline(), now + 5s);
    session->on_time(now + 4999ms);
    EXPECT_FALSE(session->failed());
    session->on_time(now + 5s);
    ASSERT_TRUE(session->failed());
    EXPECT_THAT(session->failure(), HasSubstr("no answer of the server within 5000 ms"));
}

TEST_P(client_session_test, other_traffic_does_not_prolong_the_wait_for_an_acknowledgement) {
    connect();
    publish("a", qos::at_least_once);
    written();
    const auto limit = now + 5s;
    for (int i = 0; i < 4; ++i) {
        now += 1s;
        publish("x", qos::at_most_once);
        written();
        hear_publish(0, qos::at_most_once, "t", "y");
        hear("\xd0\0"sv);
        hear_ack(packet_type::pubrec, 77);  // of nothing
        written();
    }
    EXPECT_EQ(session->deadline(), limit);
}

// Acknowledged messages behind one that is not are remembered, but not without end.
TEST_P(client_session_test, a_server_that_leaves_out_one_message_holds_up_the_later_ones) {
    auto o = options();
    o.max_queued_messages = 20;
    make(o);
    connect();
    int sent = 0;
    while (publish("x", qos::at_least_once) == send_result::queued && sent < 100) {
        ++sent;
        for (const auto& packet : said()) {
            if (const auto id = std::stoi(packet.substr(packet.find('#') + 1)); id != 1) {
                hear_ack(packet_type::puback, static_cast<std::uint16_t>(id));
            }
        }
    }
    EXPECT_EQ(answers.size(), 7U);  // four windows of two, but for the first
    EXPECT_EQ(sent, 20);
    session->on_time(now + 5s);
    EXPECT_TRUE(session->failed());
}

TEST_P(client_session_test, packets_may_come_in_pieces) {
    session->opened(now);
    std::string pending;
    std::string all;
    encode_connack(all, version, {});
    publish_head head;
    head.topic = "t";
    head.payload_bytes = 300;
    encode_publish_head(all, version, head);
    all += std::string(300, 'x');
    for (const auto byte : all) {
        pending += byte;
        pending.erase(0, session->receive(pending, now));
    }
    EXPECT_THAT(messages, ElementsAre("t=" + std::string(300, 'x')));
    EXPECT_EQ(pending, "");
}

TEST_P(client_session_test, hostile_packets_end_the_connection) {
    const std::string five = speaks_5() ? std::string(1, '\0') : ""s;  // no properties
    const auto body = [](std::string s) { return static_cast<char>(s.size()) + s; };
    const std::vector<std::pair<std::string, std::string>> packets{
        {"\x90" + body("\0\x01"s + five), "no reason code"},  // CVE-2024-10525
        {"\x90" + body("\0\x01"s + five + "\0\0"s), "codes for one filter"},
        {"\x90" + body("\0\x01"s + five + "\x55"s), "reason code"},
        {"\xb0" + body("\0\x01"s + five + (speaks_5() ? "\0"s : ""s)), "of another kind"},
        {"\x20" + body("\0\0"s + five), "second time"},
        {"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01x"s, "nothing that the server may send"},
        {"\xc0\0"s, "nothing that the server may send"},
        {"\x82\x06\0\x01\0\x01t\0"s, "nothing that the server may send"},
        {"\xa2\x05\0\x01\0\x01t"s, "nothing that the server may send"},
        {"\x36" + body("\0\x01t\0\x09"s + five + "y"), "QoS 3"},
        {"\x32" + body("\0\x01t\0\0"s + five + "y"), "packet id"},
        {"\x30" + body("\0\x01#"s + five), "wildcard"},
        {"\x30" + body("\0\0"s + five), speaks_5() ? "neither a topic nor an alias" : "empty"},
        {"\x30" + body("\0\x03t\0t"s + five), "U+0000"},
        {"\x30" + body("\0\x02\xc3\x28"s + five), "UTF-8"},
        {"\x30\xff\xff\xff\x7f"s, "are possible"},
        {"\x30\xff\xff\xff\xff\x01"s, "four bytes"},
        {"\x40\x01\0"s, "PUBACK"},
        {"\x60\x02\0\x01"s, "PUBREL has the flags"},
        {"\xd0\x01\0"s, "body"},
        {"\x00\x00"s, "type 0"},
        {"\x40\x02\0\x03"s, "QoS 2"},  // PUBACK for what wants PUBREC
        {"\x50\x02\0\x02"s, "QoS 1"},  // PUBREC for what wants PUBACK
        {"\x70\x02\0\x03"s, "PUBCOMP came before"},
    };
    for (const auto& [packet, why] : packets) {
        make();
        connect();
        subscribe("t");                     // #1
        publish("q1", qos::at_least_once);  // #2
        publish("q2", qos::exactly_once);   // #3
        written();
        hear(packet);
        ASSERT_TRUE(session->failed()) << why;
        EXPECT_THAT(session->failure(), HasSubstr(why));
        EXPECT_EQ(session->has_last_words(), speaks_5());
        const auto last = said();
        EXPECT_EQ(last.size(), speaks_5() ? 1U : 0U) << why;
    }
}

TEST_P(client_session_test, nothing_is_read_after_a_failure) {
    connect();
    hear("\xc0\0\x30\x05\0\x01t\0x"sv);
    EXPECT_TRUE(session->failed());
    EXPECT_THAT(messages, IsEmpty());
}

TEST_P(client_session_test, acknowledgements_of_nothing_are_ignored) {
    connect();
    hear_ack(packet_type::puback, 9);
    hear_ack(packet_type::pubcomp, 9);
    hear_suback(9, 0);
    hear_unsuback(9);
    hear("\xd0\0"sv);
    EXPECT_TRUE(session->connected());
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_session_test, stop_disconnects_and_answers_everything_that_waits) {
    connect();
    publish("a", qos::at_least_once);
    publish("b", qos::exactly_once);
    subscribe("t");
    unsubscribe("u");
    written();
    publish("c", qos::at_most_once);
    session->stop();
    EXPECT_THAT(said(), ElementsAre("PUBLISH q0 t=c", "DISCONNECT"));
    ASSERT_EQ(answers.size(), 5U);
    for (const auto& answer : answers) {
        EXPECT_THAT(answer, HasSubstr("stopped"));
    }
    EXPECT_FALSE(session->connected());
    EXPECT_EQ(session->deadline(), mono_time::max());
}

TEST_P(client_session_test, stop_inside_of_a_callback_ends_everything) {
    connect();
    session->publish(
        "t", std::make_shared<const std::string>("x"), {},
        [this](const result<acknowledgement>&) { session->stop(); }, now);
    publish("a", qos::at_least_once);
    written();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("stopped"));
    hear_publish(1, qos::at_least_once, "t", "x");
    EXPECT_THAT(messages, IsEmpty());
}

// A caller that publishes once more in each answer must not fill the stack.
TEST_P(client_session_test, answers_may_ask_again_without_end) {
    int left = 10'000;
    std::function<void(const result<acknowledgement>&)> again =
        [&](const result<acknowledgement>& r) {
            EXPECT_FALSE(r);
            if (--left > 0) {
                session->publish("no/+", std::make_shared<const std::string>(), {}, again, now);
            }
        };
    again(error{});
    EXPECT_EQ(left, 0);
}

TEST_P(client_session_5_test, an_authentication_that_nobody_asked_for_is_refused) {
    connect();
    hear("\xf0\0"sv);
    ASSERT_TRUE(session->failed());
    EXPECT_THAT(session->failure(), HasSubstr("AUTH came, although"));
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x82"));
}

TEST_P(client_session_5_test, the_servers_disconnect_is_told_with_its_reason) {
    connect();
    hear("\xe0\x0b\x8b\x09\x1f\0\x06later."sv);
    ASSERT_TRUE(session->failed());
    EXPECT_EQ(session->failure(),
              "the server closed the connection: DISCONNECT 0x8b server shutting down: later.");
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_session_5_test, stop_may_ask_for_the_will) {
    connect();
    session->stop(reason::disconnect_with_will);
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x04"));
}

TEST(backoff, doubles_up_to_the_limit_and_starts_again_after_a_lasting_connection) {
    backoff delays(200ms, 1s);
    EXPECT_EQ(delays.next(255), 200ms);
    EXPECT_EQ(delays.next(0), 200ms);
    EXPECT_EQ(delays.next(255), 800ms);
    EXPECT_EQ(delays.next(255), 1s);
    EXPECT_EQ(delays.next(255), 1s);
    delays.connection_ended(1s);
    EXPECT_EQ(delays.next(255), 1s);
    delays.connection_ended(10s);
    EXPECT_EQ(delays.next(255), 200ms);
}

}  // namespace
}  // namespace evergrass::mqtt
