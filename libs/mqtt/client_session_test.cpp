#include "libs/mqtt/client_session.hpp"

#include "libs/mqtt/backoff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::mqtt {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto connack = "\x20\x02\0\0"sv;

class client_session_test : public ::testing::Test, public client_session_owner {
protected:
    void on_connected() override { ++connects; }
    void on_message(const publish_view& m) override {
        messages.push_back(std::string(m.topic) + " " + std::string(m.payload));
    }

    static client_session_options options() {
        client_session_options o;
        o.client_id = "x";
        o.keep_alive = 40s;
        o.max_inflight = 2;
        o.max_queued_bytes = 1'000;
        return o;
    }
    std::string written(client_session& of) {
        std::string all;
        for (auto piece = of.output().begin_write(); !piece.empty();
             piece = of.output().begin_write()) {
            all += piece;
            of.written(now);
        }
        return all;
    }
    std::string written() { return written(session); }
    void hear(std::string_view bytes) { session.receive(bytes, now); }
    void connect() {
        session.opened(now);
        written();
        hear(connack);
        ASSERT_TRUE(session.connected());
    }
    send_result publish(std::string payload, qos level) {
        return session.publish(
            "t", std::make_shared<const std::string>(std::move(payload)), level,
            [this](const result<void>& r) { answers.push_back(r ? "done" : r.error().message()); },
            now);
    }
    void subscribe(std::string filter) {
        session.subscribe(
            std::move(filter), qos::at_least_once,
            [this](result<qos> r) {
                answers.push_back(r ? "granted " + std::to_string(static_cast<int>(*r))
                                    : r.error().message());
            },
            now);
    }

    mono_time now{1000s};
    client_session session{options(), *this};
    int connects = 0;
    std::vector<std::string> messages;
    std::vector<std::string> answers;
};

TEST_F(client_session_test, connects_with_what_it_was_told) {
    session.opened(now);
    EXPECT_EQ(written(), "\x10\x0d\0\x04MQTT\x04\x02\0\x28\0\x01x"sv);
    EXPECT_FALSE(session.connected());
    hear(connack);
    EXPECT_TRUE(session.connected());
    EXPECT_EQ(connects, 1);
}

TEST_F(client_session_test, says_in_words_why_it_was_refused) {
    for (const auto& [code, words] : {std::pair('\x01', "3.1.1"),
                                      {'\x02', "client id"},
                                      {'\x05', "policy"},
                                      {'\x07', "code 7"}}) {
        session.opened(now);
        hear("\x20\x02\0"s + code);
        ASSERT_TRUE(session.failed());
        EXPECT_THAT(session.failure(), HasSubstr(words));
        session.lost(session.failure());
    }
    EXPECT_EQ(connects, 0);
}

TEST_F(client_session_test, a_server_that_does_not_answer_connect_is_given_up) {
    session.opened(now);
    EXPECT_EQ(session.deadline(), now + 5s);
    session.on_time(now + 5s);
    ASSERT_TRUE(session.failed());
    EXPECT_THAT(session.failure(), HasSubstr("no CONNACK within 5000 ms"));
}

TEST_F(client_session_test, hostile_packets_end_the_connection) {
    const std::vector<std::pair<std::string, std::string>> packets{
        {"\x90\x02\0\x01"s, "no return code"},    // CVE-2024-10525
        {"\x90\x04\0\x01\0\0"s, "MQTT-3.8.4-5"},  // more codes than filters
        {std::string(connack), "second time"},
        {"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01x"s, "nothing that the server may send"},
        {"\xc0\0"s, "nothing that the server may send"},
        {"\x82\x06\0\x01\0\x01t\0"s, "nothing that the server may send"},
        {"\x34\x06\0\x01t\0\x09y"s, "QoS 2"},
        {"\x30\x03\0\x01#"s, "MQTT-3.3.2-2"},
        {"\x30\xff\xff\xff\x7f"s, "are possible"},
        {"\x40\x01\0"s, "cut short"},
        {"\xd0\x01\0"s, "after its last field"},
    };
    for (const auto& [packet, why] : packets) {
        client_session fresh(options(), *this);
        fresh.opened(now);
        fresh.receive(connack, now);
        fresh.subscribe("t", qos::at_most_once, {}, now);
        fresh.receive(packet, now);
        ASSERT_TRUE(fresh.failed()) << why;
        EXPECT_THAT(fresh.failure(), HasSubstr(why));
    }
}

TEST_F(client_session_test, hostile_answers_to_connect_end_the_connection) {
    for (const auto packet : {"\x30\x04\0\x01tx"sv, "\x20\x03\0\0\0"sv, "\x20\x01\0"sv,
                              "\x20\x02\x02\0"sv, "\x20\x02\x01\x05"sv, "\x20\x02\x01\0"sv}) {
        session.opened(now);
        hear(packet);
        EXPECT_TRUE(session.failed());
        session.lost("tested");
    }
}

TEST_F(client_session_test, acknowledgements_of_nothing_are_ignored) {
    connect();
    hear("\x40\x02\0\x09\x90\x03\0\x09\0\xb0\x02\0\x09\xd0\0"sv);
    EXPECT_TRUE(session.connected());
}

TEST_F(client_session_test, hands_over_messages_and_acknowledges_them) {
    connect();
    hear("\x30\x04\0\x01tx\x32\x06\0\x01t\0\x09y"sv);
    EXPECT_THAT(messages, ElementsAre("t x", "t y"));
    EXPECT_EQ(written(), "\x40\x02\0\x09"sv);
}

TEST_F(client_session_test, a_message_may_come_before_its_suback) {
    connect();
    subscribe("t");
    hear("\x30\x04\0\x01tx\x90\x03\0\x01\x01"sv);
    EXPECT_THAT(messages, ElementsAre("t x"));
    EXPECT_THAT(answers, ElementsAre("granted 1"));
}

TEST_F(client_session_test, a_refused_subscription_is_asked_for_again_after_a_reconnect) {
    connect();
    subscribe("t");
    EXPECT_EQ(written(), "\x82\x06\0\x01\0\x01t\x01"sv);
    hear("\x90\x03\0\x01\x80"sv);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("refused the subscription to 't'"));
    session.lost("tested");
    connect();
    EXPECT_EQ(written(), "\x82\x06\0\x02\0\x01t\x01"sv);
}

TEST_F(client_session_test, an_impossible_filter_is_not_sent) {
    connect();
    subscribe("a/#/b");
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(written(), "");
}

TEST_F(client_session_test, what_was_unsubscribed_stays_so_after_a_reconnect) {
    connect();
    subscribe("t");
    written();
    session.unsubscribe("t", now);
    EXPECT_EQ(written(), "\xa2\x05\0\x02\0\x01t"sv);
    hear("\x90\x03\0\x01\0\xb0\x02\0\x02"sv);
    session.lost("tested");
    connect();
    EXPECT_EQ(written(), "");
}

TEST_F(client_session_test, qos_0_is_done_when_it_is_written) {
    connect();
    publish("x", qos::at_most_once);
    EXPECT_THAT(answers, IsEmpty());
    EXPECT_EQ(written(), "\x30\x04\0\x01tx"sv);
    EXPECT_THAT(answers, ElementsAre("done"));
}

TEST_F(client_session_test, qos_0_needs_a_connection_and_room) {
    EXPECT_EQ(publish("x", qos::at_most_once), send_result::not_connected);
    connect();
    EXPECT_EQ(publish(std::string(1'000, 'x'), qos::at_most_once), send_result::queue_full);
    EXPECT_EQ(publish("x", qos::at_most_once), send_result::queued);
    session.lost("tested");
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("the connection was lost"));
}

TEST_F(client_session_test, qos_1_is_done_when_acknowledged_and_only_so_many_are_under_way) {
    publish("a", qos::at_least_once);
    publish("b", qos::at_least_once);
    publish("c", qos::at_least_once);
    connect();
    EXPECT_EQ(written(),
              "\x32\x06\0\x01t\0\x01"
              "a\x32\x06\0\x01t\0\x02"
              "b"sv);
    hear("\x40\x02\0\x02"sv);  // out of order
    EXPECT_EQ(written(),
              "\x32\x06\0\x01t\0\x03"
              "c"sv);
    hear("\x40\x02\0\x01\x40\x02\0\x01\x40\x02\0\x03"sv);  // one of them twice
    EXPECT_THAT(answers, ElementsAre("done", "done", "done"));
}

TEST_F(client_session_test, unacknowledged_messages_are_sent_again_in_order) {
    connect();
    publish("a", qos::at_least_once);
    publish("b", qos::at_least_once);
    publish("c", qos::at_least_once);
    written();
    hear("\x40\x02\0\x02"sv);
    session.lost("tested");
    connect();
    // A clean session knows nothing of the earlier attempts: no DUP.
    EXPECT_EQ(written(),
              "\x32\x06\0\x01t\0\x04"
              "a\x32\x06\0\x01t\0\x05"
              "c"sv);
    EXPECT_THAT(answers, ElementsAre("done"));
}

TEST_F(client_session_test, a_kept_session_gets_them_again_as_duplicates) {
    auto keeping = options();
    keeping.clean_session = false;
    client_session kept(keeping, *this);
    kept.opened(now);
    kept.receive(connack, now);
    kept.publish("t", std::make_shared<const std::string>("a"), qos::at_least_once, {}, now);
    kept.lost("tested");
    kept.opened(now);
    written(kept);
    kept.receive("\x20\x02\x01\0"sv, now);
    EXPECT_EQ(written(kept),
              "\x3a\x06\0\x01t\0\x01"
              "a"sv);
}

TEST_F(client_session_test, the_queue_is_bounded_and_an_acknowledgement_makes_room) {
    EXPECT_EQ(publish(std::string(600, 'x'), qos::at_least_once), send_result::queued);
    EXPECT_EQ(publish(std::string(600, 'x'), qos::at_least_once), send_result::queue_full);
    connect();
    hear("\x40\x02\0\x01"sv);
    EXPECT_EQ(publish(std::string(600, 'x'), qos::at_least_once), send_result::queued);
}

TEST_F(client_session_test, an_impossible_topic_is_answered_and_not_sent) {
    connect();
    session.publish(
        "a/+", std::make_shared<const std::string>("x"), qos::at_least_once,
        [this](const result<void>& r) { answers.push_back(r.error().message()); }, now);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("wildcard"));
    EXPECT_EQ(written(), "");
}

TEST_F(client_session_test, a_missing_puback_ends_the_connection) {
    connect();
    publish("a", qos::at_least_once);
    now += 1s;
    written();  // the time runs from here
    EXPECT_EQ(session.deadline(), now + 5s);
    session.on_time(now + 4999ms);
    EXPECT_FALSE(session.failed());
    session.on_time(now + 5s);
    ASSERT_TRUE(session.failed());
    EXPECT_THAT(session.failure(), HasSubstr("no answer of the server within 5000 ms"));
}

TEST_F(client_session_test, pings_before_the_keep_alive_runs_out_and_wants_an_answer) {
    connect();
    EXPECT_EQ(session.deadline(), now + 30s);
    now += 30s;
    session.on_time(now);
    EXPECT_EQ(written(), "\xc0\0"sv);
    EXPECT_EQ(session.deadline(), now + 5s);
    hear("\xd0\0"sv);
    EXPECT_EQ(session.deadline(), now + 30s);
    now += 30s;
    session.on_time(now);
    session.on_time(now + 5s);
    EXPECT_TRUE(session.failed());
}

TEST_F(client_session_test, stop_disconnects_and_answers_everything_that_waits) {
    connect();
    publish("a", qos::at_least_once);
    subscribe("t");
    written();
    session.stop();
    EXPECT_EQ(written(), "\xe0\0"sv);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_THAT(answers[0], HasSubstr("stopped"));
    EXPECT_FALSE(session.connected());
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
