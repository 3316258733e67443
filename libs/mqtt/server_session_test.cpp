#include "libs/mqtt/server_session.hpp"

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

constexpr auto connect = "\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01x"sv;
constexpr auto connack = "\x20\x02\0\0"sv;

class server_session_test : public ::testing::Test, public server_session_owner {
protected:
    std::string make_client_id() override { return "made"; }
    connect_code on_connect(const connect_info& info) override {
        calls.push_back("connect " + info.client_id);
        if (publish_at_connect) {
            session.publish("early", text("bird"), qos::at_most_once, false);
        }
        return connect_answer;
    }
    bool on_publish(const publish_view& m) override {
        calls.push_back("publish " + std::string(m.topic) + " " + std::string(m.payload));
        return publish_answer;
    }
    std::optional<qos> on_subscribe(std::string_view filter, qos wanted) override {
        calls.push_back("subscribe " + std::string(filter) + " " +
                        std::to_string(static_cast<int>(wanted)));
        return filter == "no" ? std::nullopt : std::optional(wanted);
    }
    void on_unsubscribe(std::string_view filter) override {
        calls.push_back("unsubscribe " + std::string(filter));
    }

    static std::shared_ptr<const std::string> text(std::string s) {
        return std::make_shared<const std::string>(std::move(s));
    }

    // What the session answers to the bytes.
    std::string say(std::string_view bytes) {
        session.receive(bytes, now);
        return written();
    }
    std::string written() {
        std::string all;
        for (auto piece = session.output().begin_write(); !piece.empty();
             piece = session.output().begin_write()) {
            all += piece;
            session.output().written();
        }
        return all;
    }
    void expect_violation(std::string_view bytes, const std::string& rule) {
        EXPECT_EQ(say(bytes), "");
        ASSERT_TRUE(session.closed());
        EXPECT_EQ(session.cause(), close_cause::violation);
        EXPECT_THAT(session.reason(), HasSubstr(rule));
    }

    mono_time now{1000s};
    server_options options;
    server_session session{options, *this, now};
    std::vector<std::string> calls;
    connect_code connect_answer = connect_code::accepted;
    bool publish_answer = true;
    bool publish_at_connect = false;
};

TEST_F(server_session_test, answers_each_packet_of_a_usual_session) {
    EXPECT_EQ(say(connect), connack);
    EXPECT_EQ(say("\x82\x0f\0\x01\0\x01t\0\0\x02no\x01\0\x01u\x02"sv),
              "\x90\x05\0\x01\0\x80\x01"sv);
    EXPECT_EQ(say("\x30\x04\0\x01tx"sv), "");
    EXPECT_EQ(say("\x32\x06\0\x01t\0\x09y"sv), "\x40\x02\0\x09"sv);
    EXPECT_EQ(say("\xa2\x05\0\x02\0\x01t"sv), "\xb0\x02\0\x02"sv);
    EXPECT_EQ(say("\xc0\0"sv), "\xd0\0"sv);
    EXPECT_EQ(say("\xe0\0"sv), "");
    EXPECT_THAT(calls, ElementsAre("connect x", "subscribe t 0", "subscribe no 1", "subscribe u 1",
                                   "publish t x", "publish t y", "unsubscribe t"));
    EXPECT_EQ(session.cause(), close_cause::disconnect_packet);
}

TEST_F(server_session_test, understands_packets_however_they_are_cut) {
    const auto all = std::string(connect) + "\x32\x06\0\x01t\0\x09y\xc0\0"s;
    std::string pending;
    for (const auto byte : all) {
        pending.push_back(byte);
        pending.erase(0, session.receive(pending, now));
    }
    EXPECT_EQ(written(), std::string(connack) + "\x40\x02\0\x09\xd0\0"s);
}

TEST_F(server_session_test, leaves_alone_what_follows_a_disconnect) {
    const auto both = std::string(connect) + "\xe0\0"s;
    EXPECT_EQ(session.receive(both + "\x30\x04\0\x01tx"s, now), both.size());
    EXPECT_THAT(calls, ElementsAre("connect x"));
}

TEST_F(server_session_test, closes_on_a_packet_before_connect) {
    for (const auto packet : {"\x30\x04\0\x01tx"sv, "\xc0\0"sv, "\x82\x06\0\x01\0\x01t\0"sv,
                              "\xe0\0"sv, "\x20\x02\0\0"sv}) {
        server_session fresh(options, *this, now);
        fresh.receive(packet, now);
        ASSERT_TRUE(fresh.closed());
        EXPECT_THAT(fresh.reason(), HasSubstr("MQTT-3.1.0-1"));
    }
    EXPECT_THAT(calls, IsEmpty());
}

TEST_F(server_session_test, closes_on_a_second_connect) {
    say(connect);
    expect_violation(connect, "MQTT-3.1.0-2");
}

TEST_F(server_session_test, closes_on_packets_that_only_servers_send) {
    for (const auto packet :
         {"\x20\x02\0\0"sv, "\x90\x03\0\x01\0"sv, "\xb0\x02\0\x01"sv, "\xd0\0"sv}) {
        server_session fresh(options, *this, now);
        fresh.receive(std::string(connect) + std::string(packet), now);
        ASSERT_TRUE(fresh.closed());
        EXPECT_THAT(fresh.reason(), HasSubstr("for servers to send"));
    }
}

TEST_F(server_session_test, closes_on_qos_2_and_says_why) {
    say(connect);
    expect_violation("\x34\x06\0\x01t\0\x09y"sv, "QoS 2");
    EXPECT_THAT(calls, ElementsAre("connect x"));
}

TEST_F(server_session_test, closes_on_the_packets_of_a_qos_2_handshake) {
    for (const auto packet : {"\x50\x02\0\x01"sv, "\x62\x02\0\x01"sv, "\x70\x02\0\x01"sv}) {
        server_session fresh(options, *this, now);
        fresh.receive(std::string(connect) + std::string(packet), now);
        ASSERT_TRUE(fresh.closed());
        EXPECT_THAT(fresh.reason(), HasSubstr("QoS 2"));
    }
}

TEST_F(server_session_test, tells_other_versions_in_their_own_layout) {
    EXPECT_EQ(say("\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01x"sv), "\x20\x03\0\x84\0"sv);
    EXPECT_THAT(session.reason(), HasSubstr("5.0; set it to 3.1.1"));
    server_session older(options, *this, now);
    older.receive("\x10\x0f\0\x06MQIsdp\x03\x02\0\0\0\x01x"sv, now);
    EXPECT_EQ(older.output().begin_write(), "\x20\x02\0\x01"sv);
    server_session bridge(options, *this, now);
    bridge.receive("\x10\x0d\0\x04MQTT\x84\x02\0\0\0\x01x"sv, now);
    EXPECT_EQ(bridge.output().begin_write(), "\x20\x02\0\x01"sv);
}

TEST_F(server_session_test, a_client_without_an_id_gets_one_or_is_refused) {
    EXPECT_EQ(say("\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0"sv), connack);
    EXPECT_EQ(session.info().client_id, "made");
    server_session keeping(options, *this, now);
    keeping.receive("\x10\x0c\0\x04MQTT\x04\0\0\0\0\0"sv, now);
    EXPECT_EQ(keeping.output().begin_write(), "\x20\x02\0\x02"sv);
    EXPECT_TRUE(keeping.closed());
}

TEST_F(server_session_test, a_refused_client_gets_nothing_but_the_code) {
    connect_answer = connect_code::not_authorized;
    publish_at_connect = true;
    EXPECT_EQ(say(std::string(connect) + "\xc0\0"s), "\x20\x02\0\x05"sv);
    EXPECT_TRUE(session.closed());
    EXPECT_FALSE(session.connected());
}

TEST_F(server_session_test, connack_comes_before_what_the_owner_publishes_at_connect) {
    publish_at_connect = true;
    EXPECT_EQ(say(connect), std::string(connack) +
                                "\x30\x0b\0\x05"
                                "earlybird"s);
}

TEST_F(server_session_test, a_message_that_the_owner_refuses_is_not_acknowledged) {
    publish_answer = false;
    say(connect);
    EXPECT_EQ(say("\x32\x06\0\x01t\0\x09y"sv), "");
    EXPECT_EQ(session.cause(), close_cause::owner);
}

TEST_F(server_session_test, a_client_has_to_say_connect_in_time) {
    EXPECT_EQ(session.deadline(), now + options.connect_timeout);
    session.on_time(now + options.connect_timeout - 1ms);
    EXPECT_FALSE(session.closed());
    session.receive("\x10"sv, now + 9s);  // a byte now and then does not help
    session.on_time(now + options.connect_timeout);
    ASSERT_TRUE(session.closed());
    EXPECT_THAT(session.reason(), HasSubstr("no CONNECT within 10000 ms"));
}

TEST_F(server_session_test, silence_for_one_and_a_half_keep_alives_ends_the_session) {
    say("\x10\x0d\0\x04MQTT\x04\x02\0\x0a\0\x01x"sv);
    now += 14s;
    session.on_time(now);
    say("\xc0\0"sv);
    EXPECT_EQ(session.deadline(), now + 15s);
    now += 15s;
    session.on_time(now);
    ASSERT_TRUE(session.closed());
    EXPECT_EQ(session.cause(), close_cause::timeout);
    EXPECT_THAT(session.reason(), HasSubstr("MQTT-3.1.2-24"));
}

TEST_F(server_session_test, without_keep_alive_there_is_no_deadline) {
    say(connect);
    EXPECT_EQ(session.deadline(), mono_time::max());
}

TEST_F(server_session_test, the_longest_keep_alive_does_not_overflow) {
    say("\x10\x0d\0\x04MQTT\x04\x02\xff\xff\0\x01x"sv);
    EXPECT_EQ(session.deadline(), now + 98'302'500ms);
}

TEST_F(server_session_test, topics_of_65400_slashes_are_over_the_limit) {
    const std::string slashes(65'400, '/');
    for (const bool in_filter : {false, true}) {
        server_session fresh(options, *this, now);
        std::string bytes(connect);
        if (in_filter) {
            encode_subscribe(bytes, 1, slashes, qos::at_most_once);
        } else {
            encode_publish_head(bytes, slashes, 0, qos::at_most_once, false, false, 0);
        }
        fresh.receive(bytes, now);
        ASSERT_TRUE(fresh.closed());
        EXPECT_THAT(fresh.reason(), HasSubstr("65400 bytes; 256"));
    }
}

TEST_F(server_session_test, too_many_levels_are_over_the_limit) {
    say(connect);
    std::string bytes;
    encode_publish_head(bytes, std::string(200, '/'), 0, qos::at_most_once, false, false, 0);
    expect_violation(bytes, "201 levels; 128");
}

TEST_F(server_session_test, a_length_over_the_limit_is_refused_before_the_bytes_come) {
    expect_violation("\x10\xff\xff\xff\x7f"sv, "132096 are possible");
}

TEST_F(server_session_test, publishes_in_both_qos) {
    say(connect);
    EXPECT_EQ(session.publish("t", text("x"), qos::at_most_once, false), send_result::queued);
    EXPECT_EQ(session.publish("t", text("y"), qos::at_least_once, true), send_result::queued);
    EXPECT_EQ(session.publish("t", text(""), qos::exactly_once, false), send_result::queued);
    EXPECT_EQ(written(), "\x30\x04\0\x01tx\x33\x06\0\x01t\0\x01y\x32\x05\0\x01t\0\x02"sv);
}

TEST_F(server_session_test, unsent_messages_fill_the_bound_and_writing_frees_it) {
    options.max_queued_bytes = 2'000;
    say(connect);
    const auto payload = text(std::string(900, 'x'));
    EXPECT_EQ(session.publish("t", payload, qos::at_most_once, false), send_result::queued);
    EXPECT_EQ(session.publish("t", payload, qos::at_most_once, false), send_result::queued);
    EXPECT_EQ(session.publish("t", payload, qos::at_most_once, false), send_result::queue_full);
    EXPECT_FALSE(session.closed());
    written();
    EXPECT_EQ(session.publish("t", payload, qos::at_most_once, false), send_result::queued);
}

TEST_F(server_session_test, unacknowledged_messages_fill_the_bound_and_puback_frees_it) {
    options.max_queued_bytes = 2'000;
    say(connect);
    const auto payload = text(std::string(900, 'x'));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(session.publish("t", payload, qos::at_least_once, false), send_result::queued);
        written();
    }
    EXPECT_EQ(session.publish("t", payload, qos::at_least_once, false), send_result::queue_full);
    say("\x40\x02\x12\x34"sv);  // of nothing that was sent
    EXPECT_EQ(session.publish("t", payload, qos::at_least_once, false), send_result::queue_full);
    say("\x40\x02\0\x01"sv);
    EXPECT_EQ(session.publish("t", payload, qos::at_least_once, false), send_result::queued);
}

TEST_F(server_session_test, packet_ids_run_out_and_come_back_without_meeting_one_in_use) {
    options.max_queued_bytes = 100'000'000;
    say(connect);
    for (int i = 0; i < 65'535; ++i) {
        ASSERT_EQ(session.publish("t", text(""), qos::at_least_once, false), send_result::queued);
    }
    EXPECT_EQ(session.publish("t", text(""), qos::at_least_once, false), send_result::queue_full);
    written();
    say("\x40\x02\x01\x02"sv);
    EXPECT_EQ(session.publish("t", text(""), qos::at_least_once, false), send_result::queued);
    EXPECT_EQ(written(), "\x32\x05\0\x01t\x01\x02"sv);
}

TEST_F(server_session_test, nothing_is_published_outside_a_session) {
    EXPECT_EQ(session.publish("t", text(""), qos::at_most_once, false), send_result::not_connected);
    say(connect);
    session.close(close_cause::owner, "tested");
    session.close(close_cause::timeout, "too late");
    EXPECT_EQ(session.publish("t", text(""), qos::at_most_once, false), send_result::not_connected);
    EXPECT_EQ(session.reason(), "tested");
}

}  // namespace
}  // namespace evergrass::mqtt
