#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto v5 = protocol_version::v5;

// a subscribes with a session that is kept, b publishes.
class broker_session : public ::testing::TestWithParam<protocol_version> {
protected:
    broker_session() {
        a.connect(kept(GetParam()));
        a.subscribe("t", qos::exactly_once);
        b.connect({GetParam()});
    }
    void publish(std::initializer_list<const char*> payloads, qos level) {
        for (const auto* each : payloads) {
            b.publish("t", each, level);
        }
    }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};
INSTANTIATE_TEST_SUITE_P(, broker_session,
                         ::testing::Values(protocol_version::v3_1_1, protocol_version::v5));

TEST_P(broker_session, what_came_while_the_client_was_away_is_sent_when_it_is_back) {
    a.disconnect();
    publish({"1"}, qos::at_least_once);
    publish({"2"}, qos::exactly_once);
    publish({"3"}, qos::at_most_once);
    EXPECT_EQ(a.connect(kept(GetParam())), "CONNACK present");
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1", "t 2 q2"));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not connected: t for a", 1)));
}

TEST_P(broker_session, what_was_not_acknowledged_is_sent_again_as_a_duplicate_and_in_order) {
    a.acknowledges = false;
    publish({"1", "2"}, qos::at_least_once);
    publish({"3"}, qos::exactly_once);
    a.ack(packet_type::puback, a.unacknowledged()[0]);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1", "t 2 q1", "t 3 q2"));
    a.cut();
    publish({"4"}, qos::at_least_once);
    a.heard();
    a.acknowledges = true;
    EXPECT_EQ(a.connect(kept(GetParam())), "CONNACK present");
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBLISH t 2 q1 dup",
                                       "PUBLISH t 3 q2 dup", "PUBLISH t 4 q1", "PUBREL 4"));
}

TEST_P(broker_session, pubrel_is_sent_again_when_pubrec_had_come) {
    a.acknowledges = false;
    publish({"1"}, qos::exactly_once);
    a.ack(packet_type::pubrec, 2);
    EXPECT_THAT(a.heard(), ::testing::Contains("PUBREL 2"));
    a.cut();
    a.acknowledges = true;
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBREL 2"));
    a.cut();
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present"));
}

TEST_P(broker_session, a_clean_start_begins_with_nothing) {
    a.acknowledges = false;
    publish({"1"}, qos::at_least_once);
    a.cut();
    publish({"2"}, qos::at_least_once);
    a.acknowledges = true;
    EXPECT_EQ(a.connect({GetParam()}), "CONNACK");
    publish({"3"}, qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1"));  // of before
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("session ended: t for a", 2)));
    EXPECT_EQ(all.sessions(), 2U);
    a.disconnect();
    EXPECT_EQ(a.connect(kept(GetParam())), "CONNACK");
}

TEST_P(broker_session, another_connection_takes_over_and_goes_on) {
    auto& other = all.client("a");
    a.acknowledges = false;
    publish({"1"}, qos::at_least_once);
    a.heard();
    EXPECT_EQ(other.connect(kept(GetParam())), "CONNACK present");
    EXPECT_THAT(other.messages(), ElementsAre("t 1 q1 dup"));
    if (GetParam() == v5) {
        EXPECT_THAT(a.heard(), ElementsAre("DISCONNECT session taken over", "CLOSED"));
    } else {
        EXPECT_THAT(a.heard(), ElementsAre("CLOSED"));
    }
    EXPECT_EQ(all.connections(), 2U);
    publish({"2"}, qos::at_least_once);
    EXPECT_THAT(other.messages(), ElementsAre("t 2 q1"));
}

TEST_P(broker_session, a_session_that_ends_with_its_connection_is_not_taken_over) {
    auto& other = all.client("b");
    b.subscribe("t", qos::at_least_once);
    auto again = kept(GetParam());
    EXPECT_EQ(other.connect(again), "CONNACK");
    EXPECT_EQ(all.sessions(), 2U);
    other.publish("t", "x", qos::at_least_once);
    EXPECT_THAT(other.messages(), IsEmpty());
}

TEST_P(broker_session, identifiers_of_qos_2_are_remembered_over_connections) {
    a.acknowledges = false;
    b.subscribe("u", qos::exactly_once);
    a.publish("u", "1", qos::exactly_once);
    EXPECT_THAT(b.messages(), ElementsAre("u 1 q2"));
    a.cut();
    a.acknowledges = true;
    a.connect(kept(GetParam()));  // PUBREC has come, so that PUBREL is sent again
    EXPECT_EQ(a.unanswered(), 0U);
    EXPECT_THAT(b.messages(), IsEmpty());
}

TEST_P(broker_session, a_publish_of_qos_2_that_comes_again_is_answered_and_not_routed) {
    b.subscribe("u", qos::exactly_once);
    a.reads = false;
    a.publish("u", "1", qos::exactly_once);
    a.cut();
    a.reads = true;
    a.heard();
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBREC 2", "PUBCOMP 2"));
    EXPECT_THAT(b.messages(), ElementsAre("u 1 q2"));
}

// --- How long it lives ---------------------------------------------------------------------------

TEST(broker_session_expiry, ends_the_session_that_long_after_its_connection) {
    world all;
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.subscribe("t", qos::at_least_once);
    all.advance(2h);
    a.disconnect();
    all.advance(3'599s);
    EXPECT_EQ(all.sessions(), 1U);
    EXPECT_EQ(a.connect(kept(v5)), "CONNACK present");
    all.advance(2h);
    a.cut();
    all.publish(all.message("t", "x", qos::at_least_once));
    all.advance(3'600s);
    EXPECT_EQ(all.sessions(), 0U);
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("session ended: t for a", 1)));
    EXPECT_EQ(a.connect(kept(v5)), "CONNACK");
}

TEST(broker_session_expiry, may_be_changed_by_disconnect) {
    world all;
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.disconnect(reason::success, 10);
    all.advance(9s);
    EXPECT_EQ(all.sessions(), 1U);
    all.advance(1s);
    EXPECT_EQ(all.sessions(), 0U);
    a.connect(kept(v5));
    a.disconnect(reason::success, 0);
    EXPECT_EQ(all.sessions(), 0U);
}

TEST(broker_session_expiry, of_zero_cannot_be_changed_by_disconnect) {
    world all;
    auto& a = all.client("a");
    a.connect(in_5());
    a.disconnect(reason::success, 10);
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "DISCONNECT protocol error", "CLOSED"));
}

TEST(broker_session_expiry, never_means_never_also_of_3_1_1) {
    world all;
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(kept());
    auto forever = kept(v5);
    forever.expiry = 0xFFFF'FFFF;
    b.connect(forever);
    a.cut();
    b.cut();
    all.advance(24h * 365 * 100);
    EXPECT_EQ(all.sessions(), 2U);
}

TEST(broker_session_expiry, is_bounded_by_options_and_policy_and_5_0_clients_are_told) {
    world_settings settings;
    settings.options.max_session_expiry = 1'000;
    world all(settings);
    auto& a = all.client("a");
    a.connect(kept(v5));
    EXPECT_EQ(a.limits().session_expiry, 1'000U);
    all.rules.admits = [](auto...) { return admission{reason::success, nullptr, 60}; };
    a.connect(kept(v5));
    EXPECT_EQ(a.limits().session_expiry, 60U);
    a.disconnect(reason::success, 0xFFFF'FFFF);
    all.advance(60s);
    EXPECT_EQ(all.sessions(), 0U);
    a.connect(kept(v5));
    auto short_enough = kept(v5);
    short_enough.expiry = 30;
    a.connect(short_enough);
    EXPECT_EQ(a.limits().session_expiry, std::nullopt);
}

TEST(broker_session_expiry, that_the_policy_made_zero_may_be_named_in_disconnect) {
    world all;
    all.rules.admits = [](auto...) { return admission{reason::success, nullptr, 0}; };
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.disconnect(reason::success, 10);
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "CLOSED"));
    EXPECT_EQ(all.sessions(), 0U);
}

TEST(broker_session_expiry, of_zero_on_a_later_connection_ends_the_session_with_that_one) {
    world all;
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.subscribe("t", qos::at_least_once);
    a.disconnect();
    all.publish(all.message("t", "1", qos::at_least_once));
    connect_settings last{v5, false};
    EXPECT_EQ(a.connect(last), "CONNACK present");
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1"));
    a.cut();
    EXPECT_EQ(all.sessions(), 0U);
}

TEST(broker_session_version, may_change_from_one_connection_to_the_next) {
    world all;
    auto& a = all.client("a");
    a.acknowledges = false;
    a.connect(kept());
    a.subscribe("t", qos::exactly_once);
    all.publish(all.message("t", "1", qos::exactly_once));
    a.cut();
    a.acknowledges = true;
    EXPECT_EQ(a.connect(kept(v5)), "CONNACK present");
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "SUBACK 1: 2", "PUBLISH t 1 q2",
                                       "CONNACK present", "PUBLISH t 1 q2 dup", "PUBREL 2"));
}

// A session with an hour of expiry that comes and goes leaves no timers behind.
TEST(broker_session_timers, are_taken_back) {
    world all;
    auto& a = all.client("a");
    auto settings = kept(v5);
    settings.keep_alive = 60'000;
    for (int i = 0; i < 100; ++i) {
        a.connect(settings);
        a.cut();
    }
    const auto due = all.mono + 3'600s;
    EXPECT_EQ(all.home("a").deadline(), due);
    a.connect(kept(v5));
    EXPECT_EQ(all.home("a").deadline(), mono_time::max());
}

}  // namespace
}  // namespace evergrass::mqtt::testing
