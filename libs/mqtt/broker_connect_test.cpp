#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::mqtt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using namespace std::string_literals;

class both_versions : public ::testing::TestWithParam<protocol_version> {
protected:
    connect_settings fresh() const { return {GetParam()}; }
    bool is_5() const { return GetParam() == protocol_version::v5; }

    world all;
};
using broker_connect_both = both_versions;
INSTANTIATE_TEST_SUITE_P(, broker_connect_both,
                         ::testing::Values(protocol_version::v3_1_1, protocol_version::v5));

TEST_P(broker_connect_both, a_client_is_told_that_it_is_connected_and_the_policy_too) {
    auto& a = all.client("a");
    EXPECT_EQ(a.connect(fresh()), "CONNACK");
    EXPECT_EQ(all.connections(), 1U);
    EXPECT_EQ(all.sessions(), 1U);
    EXPECT_EQ(a.connection().client_id(), "a");
    a.disconnect();
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "CLOSED"));
    EXPECT_THAT(all.rules.events, ElementsAre("connected a", "goodbye of a"));
    EXPECT_EQ(all.connections(), 0U);
    EXPECT_EQ(all.sessions(), 0U);
}

TEST_P(broker_connect_both, messages_go_from_one_client_to_another) {
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(fresh());
    b.connect(fresh());
    EXPECT_EQ(b.subscribe("t/#", qos::exactly_once), "2");
    for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
        a.publish("t/x", "hi", level);
    }
    EXPECT_THAT(b.messages(), ElementsAre("t/x hi", "t/x hi q1", "t/x hi q2"));
    EXPECT_EQ(a.unanswered(), 0U);
}

// --- Who is refused ------------------------------------------------------------------------------

TEST_P(broker_connect_both, the_policy_may_refuse) {
    all.rules.admits = [](auto who, auto&) {
        return admission{who == "a" ? reason::bad_user_name_or_password : reason::success, nullptr};
    };
    auto& a = all.client("a");
    EXPECT_EQ(a.connect(fresh()), "CONNACK bad user name or password");
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK bad user name or password", "CLOSED"));
    EXPECT_EQ(all.connections(), 0U);
    EXPECT_EQ(all.sessions(), 0U);
    EXPECT_THAT(all.rules.events, IsEmpty());
    EXPECT_EQ(all.client("b").connect(fresh()), "CONNACK");
}

TEST_P(broker_connect_both, a_refusal_leaves_the_connected_client_with_that_id_alone) {
    auto& a = all.client("a");
    auto& other = all.client("a");
    a.connect(fresh());
    all.rules.admits = [](auto...) { return admission{reason::not_authorized, nullptr}; };
    other.connect(fresh());
    EXPECT_TRUE(a.connected());
}

TEST_P(broker_connect_both, another_packet_first_ends_the_connection_without_a_word) {
    auto& a = all.client("a");
    a.is_sane = false;
    for (const auto& bytes : {"\xc0\0"s, "\x30\3\0\1t"s, "\xe0\0"s, "\x20\2\0\0"s, "\0"s}) {
        a.open_only(fresh());
        a.say(bytes);
        EXPECT_THAT(a.heard(), ElementsAre("CLOSED"));
    }
    EXPECT_THAT(all.rules.events, IsEmpty());
}

TEST_P(broker_connect_both, a_second_connect_ends_the_connection) {
    auto& a = all.client("a");
    a.connect(fresh());
    connect_packet again;
    again.protocol_level = static_cast<std::uint8_t>(GetParam());
    again.client_id = "a";
    std::string bytes;
    encode_connect(bytes, again);
    a.say(bytes);
    EXPECT_FALSE(a.connected());
    EXPECT_THAT(all.rules.events, ElementsAre("connected a", "lost a"));
}

TEST_P(broker_connect_both, packets_of_a_server_end_the_connection) {
    for (const auto& bytes : {"\x20\2\0\0"s, "\x90\3\0\1\0"s, "\xb0\2\0\1"s, "\xd0\0"s}) {
        auto& a = all.client("a");
        a.connect(fresh());
        a.say(bytes);
        EXPECT_FALSE(a.connected());
    }
}

TEST_P(broker_connect_both, bytes_may_come_one_at_a_time) {
    auto& a = all.client("a");
    connect_packet p;
    p.protocol_level = static_cast<std::uint8_t>(GetParam());
    p.client_id = "a";
    std::string bytes;
    encode_connect(bytes, p);
    encode_empty(bytes, packet_type::pingreq);
    encode_empty(bytes, packet_type::pingreq);
    a.open_only(fresh());
    for (const auto byte : bytes) {
        a.say({&byte, 1});
    }
    EXPECT_TRUE(a.connected());
    EXPECT_EQ(a.pings_answered(), 2U);
}

TEST_P(broker_connect_both, a_connect_without_an_id_is_given_one) {
    auto& a = all.client("");
    EXPECT_EQ(a.connect(fresh()), "CONNACK");
    EXPECT_EQ(a.connection().client_id(), "assigned-1");
    EXPECT_EQ(a.assigned_id(), is_5() ? "assigned-1" : "");
    auto settings = fresh();
    settings.clean = false;
    // Only 5.0 can be told under which id to come back [MQTT-3.1.3-8].
    EXPECT_EQ(a.connect(settings), is_5() ? "CONNACK" : "CONNACK client identifier not valid");
}

TEST_P(broker_connect_both, the_link_may_be_destroyed_at_any_time) {
    auto& a = all.client("a");
    a.settles = false;
    a.begin(fresh());
    a.cut();
    a.begin(fresh());
    a.pump();
    a.cut();
    all.settle();
    EXPECT_EQ(all.connections(), 0U);
    EXPECT_EQ(all.sessions(), 0U);
}

// --- Keep alive ----------------------------------------------------------------------------------

TEST_P(broker_connect_both, silence_for_one_and_a_half_keep_alives_ends_the_connection) {
    auto& a = all.client("a");
    auto settings = fresh();
    settings.keep_alive = 10;
    a.connect(settings);
    all.advance(14'999ms);
    a.ping();
    all.advance(14'999ms);
    EXPECT_TRUE(a.connected());
    all.advance(1ms);
    EXPECT_FALSE(a.connected());
    const auto heard = a.heard();
    EXPECT_EQ(heard.size(), is_5() ? 3U : 2U);
    if (is_5()) {
        EXPECT_EQ(heard[1], "DISCONNECT keep alive timeout");
    }
}

TEST_P(broker_connect_both, bytes_that_make_no_packet_do_not_keep_it_alive) {
    auto& a = all.client("a");
    auto settings = fresh();
    settings.keep_alive = 10;
    a.connect(settings);
    a.say("\x30\x7f");
    for (int i = 0; i < 14; ++i) {
        all.advance(1s);
        a.say("x");
    }
    EXPECT_TRUE(a.connected());
    all.advance(1s);
    EXPECT_FALSE(a.connected());
}

TEST_P(broker_connect_both, without_a_keep_alive_it_lasts) {
    auto& a = all.client("a");
    a.connect(fresh());
    all.advance(24h * 365);
    EXPECT_TRUE(a.connected());
}

TEST_P(broker_connect_both, too_many_connections_are_refused_but_one_may_take_over) {
    all.options.max_connections = 1;
    auto& a = all.client("a");
    auto& again = all.client("a");
    auto& b = all.client("b");
    a.connect(fresh());
    EXPECT_EQ(b.connect(fresh()), is_5() ? "CONNACK server busy" : "CONNACK server unavailable");
    EXPECT_EQ(again.connect(fresh()), "CONNACK");
    again.disconnect();
    EXPECT_EQ(b.connect(fresh()), "CONNACK");
}

TEST_P(broker_connect_both, the_server_says_goodbye_when_it_stops) {
    auto& a = all.client("a");
    a.connect(fresh());
    all.at(0).stop();
    all.settle();
    const auto heard = a.heard();
    EXPECT_EQ(heard.back(), "CLOSED");
    EXPECT_EQ(heard[1], is_5() ? "DISCONNECT server shutting down" : "CLOSED");
}

// --- 5.0 alone -----------------------------------------------------------------------------------

TEST(broker_connect, the_servers_keep_alive_is_told_and_holds) {
    world all;
    all.options.max_keep_alive = 20;
    auto& a = all.client("a");
    a.connect(in_5());
    EXPECT_EQ(a.limits().server_keep_alive, 20);
    all.advance(30s);
    EXPECT_FALSE(a.connected());
    auto settings = in_5();
    settings.keep_alive = 10;
    a.connect(settings);
    EXPECT_EQ(a.limits().server_keep_alive, std::nullopt);
}

TEST(broker_connect, malformed_connects_of_5_0_are_told_why) {
    world all;
    auto& a = all.client("a");
    connect_packet p;
    p.protocol_level = 5;
    p.client_id = "a";
    std::string bytes;
    encode_connect(bytes, p);
    bytes[9] = '\x01';  // the reserved flag
    a.open_only(in_5());
    a.say(bytes);
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK malformed packet", "CLOSED"));
    EXPECT_THAT(a.refusal(), ::testing::HasSubstr("MQTT-3.1.2-3"));
    all.options.behaviour = profile::v1;
    a.open_only(in_5());
    a.say(bytes);
    EXPECT_THAT(a.heard(), ElementsAre("CLOSED"));
}

TEST(broker_connect, versions_that_are_not_spoken_are_told_so) {
    world all;
    auto& a = all.client("a");
    for (const int level : {3, 6}) {
        connect_packet p;
        p.client_id = "a";
        std::string bytes;
        encode_connect(bytes, p);
        bytes[8] = static_cast<char>(level);
        a.open_only({});
        a.say(bytes);
        EXPECT_THAT(a.heard(), ElementsAre("CONNACK unsupported protocol version", "CLOSED"));
    }
}

TEST(broker_connect, no_enhanced_authentication_is_offered) {
    world all;
    auto& a = all.client("a");
    connect_packet p;
    p.protocol_level = 5;
    p.client_id = "a";
    p.authentication_method = "SCRAM";
    std::string bytes;
    encode_connect(bytes, p);
    a.open_only(in_5());
    a.say(bytes);
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK bad authentication method", "CLOSED"));
    a.connect(in_5());
    a.say("\xf0\0"s);
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "DISCONNECT protocol error", "CLOSED"));
}

TEST(broker_connect, reasons_are_not_given_to_those_who_want_none) {
    world all;
    all.rules.admits = [](auto...) { return admission{reason::not_authorized, nullptr}; };
    auto& a = all.client("a");
    auto settings = in_5();
    a.connect(settings);
    EXPECT_NE(a.refusal(), "");
    settings.problem_information = false;
    a.connect(settings);
    EXPECT_EQ(a.refusal(), "");
}

}  // namespace
}  // namespace evergrass::mqtt::testing
