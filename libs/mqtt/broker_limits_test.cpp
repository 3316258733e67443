#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

// What happens at each limit: to one client, and not to its neighbours.
namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto v5 = protocol_version::v5;

world_settings with_options(const std::function<void(server_options&)>& change) {
    world_settings settings;
    change(settings.options);
    return settings;
}

// --- Windows -------------------------------------------------------------------------------------

class broker_window : public ::testing::TestWithParam<qos> {
protected:
    broker_window() {
        b.connect({v5});
        a.acknowledges = false;
    }
    static connect_settings window(std::uint16_t maximum) {
        auto settings = kept(v5);
        settings.receive_maximum = maximum;
        return settings;
    }
    void publish(int from, int to) {
        for (int i = from; i < to; ++i) {
            b.publish("t", std::to_string(i), GetParam());
        }
    }
    std::string text(int number, bool duplicate = false) const {
        return "t " + std::to_string(number) + " q" + std::to_string(static_cast<int>(GetParam())) +
               (duplicate ? " dup" : "");
    }
    // The oldest one.
    void acknowledge() {
        const auto id = a.unacknowledged().at(0);
        if (GetParam() == qos::at_least_once) {
            a.ack(packet_type::puback, id);
        } else {
            a.ack(packet_type::pubrec, id);
            a.ack(packet_type::pubcomp, id);
        }
    }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};
INSTANTIATE_TEST_SUITE_P(, broker_window, ::testing::Values(qos::at_least_once, qos::exactly_once));

TEST_P(broker_window, no_more_is_under_way_than_the_client_takes) {
    a.connect(window(2));
    a.subscribe("t", qos::exactly_once);
    publish(0, 5);
    EXPECT_THAT(a.messages(), ElementsAre(text(0), text(1)));
    for (int i = 2; i < 5; ++i) {
        acknowledge();
        EXPECT_THAT(a.messages(), ElementsAre(text(i)));
    }
    acknowledge();
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_P(broker_window, what_is_sent_again_keeps_to_the_window_of_the_new_connection) {
    a.connect(window(3));
    a.subscribe("t", qos::exactly_once);
    publish(0, 5);
    EXPECT_THAT(a.messages(), SizeIs(3));
    a.cut();
    a.connect(window(1));
    a.heard();
    for (int i = 0; i < 5; ++i) {
        const auto id = a.unacknowledged().at(0);
        EXPECT_THAT(a.unacknowledged().size(), i == 0 ? 3U : 3U - std::min(i, 2));
        (void)id;
        acknowledge();
    }
    EXPECT_THAT(a.heard(), Contains("PUBLISH " + text(4)));
}

TEST_P(broker_window, the_server_has_a_window_of_its_own) {
    world other(with_options([](server_options& o) { o.max_inflight = 3; }));
    auto& one = other.client("one");
    one.acknowledges = false;
    one.connect(kept());
    one.subscribe("t", qos::exactly_once);
    for (int i = 0; i < 10; ++i) {
        other.publish(other.message("t", std::to_string(i), GetParam()));
    }
    EXPECT_THAT(one.messages(), SizeIs(3));
}

TEST_P(broker_window, qos_0_does_not_wait_for_it) {
    a.connect(window(1));
    a.subscribe("t", qos::exactly_once);
    publish(0, 3);
    b.publish("t", "zero");
    EXPECT_THAT(a.messages(), ElementsAre(text(0), "t zero"));
}

TEST(broker_limits, a_client_that_goes_over_the_receive_maximum_is_cut_off) {
    world all(with_options([](server_options& o) { o.receive_maximum = 3; }));
    auto& a = all.client("a");
    a.connect({v5});
    EXPECT_EQ(a.limits().receive_maximum, 3);
    a.acknowledges = false;  // so that QoS 2 stays under way
    for (int i = 0; i < 10; ++i) {
        a.publish("t", "x", qos::at_least_once);
    }
    for (int i = 0; i < 3; ++i) {
        a.publish("t", "x", qos::exactly_once);
    }
    a.ack(packet_type::pubrel, 11);
    a.publish("t", "x", qos::exactly_once);
    EXPECT_TRUE(a.connected());
    a.publish("t", "x", qos::at_least_once);
    EXPECT_THAT(a.heard(), Contains("DISCONNECT receive maximum exceeded"));
}

TEST(broker_limits, answers_that_wait_count_once_against_the_receive_maximum) {
    world all({1, true, false, {}});
    all.options.receive_maximum = 10;
    auto& a = all.client("a");
    a.connect(kept(v5));
    all.save();
    for (int i = 0; i < 8; ++i) {
        a.subscribe("t", qos::exactly_once);
    }
    for (int i = 0; i < 10; ++i) {
        a.publish("t", "x", qos::exactly_once);
    }
    EXPECT_TRUE(a.connected());
    for (int i = 0; i < 6; ++i) {
        all.save();
    }
    EXPECT_EQ(a.unanswered(), 0U);
    EXPECT_THAT(a.messages(), SizeIs(10));
}

// What an earlier connection began does not count on this one (4.9).
TEST(broker_limits, the_receive_maximum_begins_anew_with_each_connection) {
    world all(with_options([](server_options& o) { o.receive_maximum = 2; }));
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.acknowledges = false;
    a.publish("t", "1", qos::exactly_once);
    a.publish("t", "2", qos::exactly_once);
    a.connect(kept(v5));
    a.is_sane = false;
    a.publish("t", "3", qos::exactly_once);
    a.publish("t", "4", qos::exactly_once);
    EXPECT_TRUE(a.connected());
}

// --- Queues --------------------------------------------------------------------------------------

TEST(broker_limits, a_queue_takes_so_many_bytes_and_counts_what_is_over) {
    world all(with_options([](server_options& o) { o.max_queued_bytes = 100; }));
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(kept());
    a.subscribe("t", qos::at_least_once);
    a.cut();
    b.connect({v5});
    for (int i = 0; i < 12; ++i) {
        b.publish("t", std::string(9, static_cast<char>('a' + i)), qos::at_least_once);
    }
    EXPECT_EQ(b.unanswered(), 0U);  // never the publisher's fault
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("queue full: t for a", 2)));
    EXPECT_EQ(all.home("a").would_lose("a", "t"), loss::queue_full);
    a.connect(kept());
    EXPECT_THAT(a.messages(), SizeIs(10));
    b.publish("t", "again", qos::at_least_once);
    EXPECT_EQ(all.home("a").would_lose("a", "t"), std::nullopt);
    EXPECT_THAT(a.messages(), ElementsAre("t again q1"));
}

TEST(broker_limits, properties_count_too) {
    world all(with_options([](server_options& o) { o.max_queued_bytes = 1'000; }));
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(kept());
    a.subscribe("t", qos::at_least_once);
    a.cut();
    b.connect({v5});
    publish_settings how;
    put_user_property(how.properties, "k", std::string(600, 'x'));
    b.publish("t", "", qos::at_least_once, how);
    b.publish("t", "", qos::at_least_once, how);
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("queue full: t for a", 1)));
}

TEST(broker_limits, what_has_expired_makes_room) {
    world all(with_options([](server_options& o) { o.max_queued_bytes = 10; }));
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(kept());
    a.subscribe("t", qos::at_least_once);
    a.cut();
    b.connect({v5});
    b.publish("t", "12345678", qos::at_least_once, {false, 10});
    b.publish("t", "no room", qos::at_least_once, {false, 100});
    all.advance(10s);
    b.publish("t", "later", qos::at_least_once);
    EXPECT_THAT(all.rules.losses,
                ElementsAre(Pair("expired: t for a", 1), Pair("queue full: t for a", 1)));
    a.connect(kept());
    EXPECT_THAT(a.messages(), ElementsAre("t later q1"));
}

TEST(broker_limits, a_reader_that_is_slow_loses_its_own_messages_and_nobody_elses) {
    world all(with_options([](server_options& o) { o.max_queued_bytes = 10'000; }));
    auto& slow = all.client("slow");
    auto& fast = all.client("fast");
    auto& b = all.client("b");
    for (auto* each : {&slow, &fast}) {
        each->connect({v5});
        each->subscribe("t");
    }
    b.connect({v5});
    slow.reads = false;
    for (int i = 0; i < 100; ++i) {
        b.publish("t", std::string(1'000, 'x'));
    }
    EXPECT_THAT(fast.messages(), SizeIs(100));
    EXPECT_THAT(slow.connection().output().size(), ::testing::Le(10'000U));
    slow.reads = true;
    all.settle();
    EXPECT_THAT(slow.messages(), SizeIs(9));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("queue full: t for slow", 91)));
}

TEST(broker_limits, who_does_not_read_is_not_read) {
    world all(with_options([](server_options& o) { o.max_queued_bytes = 1'000; }));
    auto& a = all.client("a");
    a.connect({v5});
    a.reads = false;
    a.settles = false;
    for (int i = 0; i < 2'000; ++i) {
        a.ping();
    }
    for (int i = 0; i < 10; ++i) {
        a.pump();
    }
    a.settles = true;
    EXPECT_FALSE(a.connection().wants_input());
    EXPECT_THAT(a.connection().output().size(), ::testing::Le(1'002U));
    a.reads = true;
    all.settle();
    EXPECT_EQ(a.pings_answered(), 2'000U);
}

TEST(broker_limits, packet_identifiers_go_round_and_pass_over_those_in_use) {
    world all;
    all.checks_books = false;
    auto& a = all.client("a");
    a.connect(kept());
    a.subscribe("t", qos::exactly_once);
    a.acknowledges = false;
    all.publish(all.message("t", "stays", qos::exactly_once));
    a.acknowledges = true;
    a.settles = false;
    const auto message = all.message("t", "x", qos::at_least_once);
    for (int i = 0; i < 66'000; ++i) {
        all.home("t").publish(message, {});
        if (i % 50 == 0) {
            all.settle();
            a.heard();
        }
    }
    all.settle();
    EXPECT_THAT(a.messages(), SizeIs(66'001));
    EXPECT_THAT(all.rules.losses, IsEmpty());
    EXPECT_THAT(a.unacknowledged(), ElementsAre(2));
}

TEST(broker_limits, a_session_holds_as_many_messages_as_there_are_identifiers) {
    world all(with_options([](server_options& o) { o.max_queued_bytes = 1ULL << 40U; }));
    all.checks_books = false;
    auto& a = all.client("a");
    a.connect(kept());
    a.subscribe("t", qos::at_least_once);
    a.cut();
    const auto message = all.message("t", "", qos::at_least_once);
    for (int i = 0; i < 65'540; ++i) {
        all.home("t").publish(message, {});
    }
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("queue full: t for a", 5)));
    a.connect(kept());
    EXPECT_THAT(a.messages(), SizeIs(65'535));
}

// --- The client's Maximum Packet Size -----------------------------------------------------------

TEST(broker_limits, a_message_larger_than_the_client_takes_is_dropped_and_counted) {
    for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
        world all;
        auto& a = all.client("a");
        auto& b = all.client("b");
        auto settings = kept(v5);
        settings.max_packet = 60;
        a.connect(settings);
        a.subscribe("t", qos::exactly_once);
        b.connect({v5});
        b.publish("t", std::string(60, 'x'), level);
        b.publish("t", "small", level);
        EXPECT_THAT(a.messages(), SizeIs(1));
        EXPECT_THAT(all.rules.losses, ElementsAre(Pair("packet too large: t for a", 1)));
        // Also one that waited, or was sent on a connection that took more.
        if (level != qos::at_most_once) {
            settings.max_packet.reset();
            a.connect(settings);
            a.acknowledges = false;
            b.publish("t", std::string(61, 'x'), level);
            a.cut();
            b.publish("t", std::string(62, 'x'), level);
            settings.max_packet = 60;
            a.messages();
            a.connect(settings);
            EXPECT_THAT(a.messages(), IsEmpty());
            EXPECT_THAT(all.rules.losses, ElementsAre(Pair("packet too large: t for a", 3)));
        }
    }
}

TEST(broker_limits, an_alias_does_not_make_a_packet_too_large) {
    for (std::uint32_t limit = 30; limit < 60; ++limit) {
        world all;
        auto& a = all.client("a");
        auto settings = in_5();
        settings.max_packet = limit;
        settings.alias_maximum = 5;
        a.connect(settings);
        a.subscribe("some/topic");
        for (int i = 0; i < 3; ++i) {
            all.publish(all.message("some/topic", "0123456789"));
            all.publish(all.message("some/topic", "0123456789012345"));
        }
        EXPECT_GE(a.messages().size(), 3U) << limit;  // strict about sizes and aliases
    }
}

TEST(broker_limits, no_answer_is_larger_than_the_client_takes) {
    for (std::uint32_t limit = 1; limit < 40; ++limit) {
        world all;
        auto& a = all.client("a");
        auto settings = in_5();
        settings.max_packet = limit;
        all.rules.admits = [&](auto...) {
            return admission{limit % 2 == 0 ? reason::success : reason::not_authorized, nullptr};
        };
        a.connect(settings);
        if (!a.connected()) {
            continue;
        }
        std::vector<subscribe_packet::request> many(limit, {"t", {}});
        a.subscribe(many);
        EXPECT_FALSE(a.connected());
    }
}

// --- Numbers -------------------------------------------------------------------------------------

TEST(broker_limits, filters_of_one_session_are_bounded) {
    world all(with_options([](server_options& o) { o.max_filters = 2; }));
    auto& a = all.client("a");
    a.connect({v5});
    EXPECT_EQ(a.subscribe({{"1", {}}, {"2", {}}, {"3", {}}}), "0,0,151");
    EXPECT_EQ(a.subscribe("2", qos::at_least_once), "1");  // is there
    a.unsubscribe("1");
    EXPECT_EQ(a.subscribe("3"), "0");
    auto& b = all.client("b");
    b.connect();
    EXPECT_EQ(b.subscribe({{"1", {}}, {"2", {}}, {"3", {}}}), "0,0,128");
}

TEST(broker_limits, filters_over_the_limits_are_refused_one_by_one) {
    world all(with_options([](server_options& o) {
        o.max_topic_bytes = 10;
        o.max_topic_levels = 3;
    }));
    auto& a = all.client("a");
    a.connect({v5});
    EXPECT_EQ(a.subscribe({{"01234567890", {}},
                           {"a/b/c/#", {}},
                           {"+/+/#", {}},
                           {"$share/group/0123456789", {}},
                           {"$share/group/01234567890", {}}}),
              "143,143,0,0,143");
}

TEST(broker_limits, sessions_are_bounded_and_those_that_are_there_may_come_back) {
    world all(with_options([](server_options& o) { o.max_sessions = 2; }));
    auto& a = all.client("a");
    auto& b = all.client("b");
    auto& c = all.client("c");
    a.connect(kept(v5));
    a.cut();
    b.connect({v5});
    EXPECT_EQ(c.connect({v5}), "CONNACK quota exceeded");
    EXPECT_EQ(c.connect(), "CONNACK server unavailable");
    EXPECT_EQ(a.connect({v5}), "CONNACK");
    a.disconnect();
    EXPECT_EQ(c.connect(), "CONNACK");
}

}  // namespace
}  // namespace evergrass::mqtt::testing
