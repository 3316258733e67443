#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

// PUBLISH, to and from the server (3.3, 4.3.1, 4.3.2, 4.6), and who gets it.
namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto v5 = protocol_version::v5;

subscription_options options(qos level, bool no_local = false, bool retain_as_published = false) {
    subscription_options made;
    made.level = level;
    made.no_local = no_local;
    made.retain_as_published = retain_as_published;
    return made;
}

class broker_publish : public ::testing::Test {
protected:
    // In either version; a subscribes, b publishes.
    void connect(protocol_version version = v5) {
        a.connect({version});
        b.connect({version});
        a.heard();
        b.heard();
    }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};

TEST_F(broker_publish, is_acknowledged_with_what_became_of_it) {
    connect();
    b.publish("t", "1", qos::at_least_once);
    b.publish("t", "2", qos::exactly_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 1 no matching subscribers",
                                       "PUBREC 2 no matching subscribers", "PUBCOMP 2"));
    a.subscribe("t");
    b.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 3"));
    a.disconnect();
    b.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 4 no matching subscribers"));
}

TEST_F(broker_publish, goes_at_the_lower_qos_of_publisher_and_subscription) {
    connect();
    a.subscribe("t", qos::at_least_once);
    b.publish("t", "1", qos::exactly_once);
    b.publish("t", "2", qos::at_most_once);
    b.publish("t", "3", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1", "t 2", "t 3 q1"));
}

TEST_F(broker_publish, comes_once_to_a_client_with_several_filters_that_match) {
    connect();
    a.subscribe("t/#", qos::at_most_once, 7);
    a.subscribe("t/+", qos::exactly_once, 8);
    a.subscribe("t/x", qos::at_least_once);
    a.subscribe("other", qos::at_least_once, 9);
    b.publish("t/x", "1", qos::exactly_once);
    EXPECT_THAT(a.messages(),
                ::testing::AnyOf(ElementsAre("t/x 1 q2 id7 id8"), ElementsAre("t/x 1 q2 id8 id7")));
    a.subscribe("t/+", qos::at_most_once);
    b.publish("t/x", "2", qos::exactly_once);
    EXPECT_THAT(a.messages(), ElementsAre("t/x 2 q1 id7"));
}

TEST_F(broker_publish, is_not_for_its_own_sender_with_no_local) {
    connect();
    a.subscribe({{"t", options(qos::at_least_once, true)}});
    a.publish("t", "mine", qos::at_least_once);
    b.publish("t", "other", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t other q1"));
    EXPECT_THAT(a.heard(), Contains("PUBACK 2 no matching subscribers"));
    a.subscribe({{"t/#", options(qos::at_most_once)}});
    a.publish("t", "mine", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t mine"));
}

TEST_F(broker_publish, has_its_retain_flag_only_where_that_was_asked_for) {
    connect();
    auto& c = all.client("c");
    c.connect({v5});
    a.subscribe({{"t", options(qos::at_most_once)}});
    c.subscribe({{"t", options(qos::at_most_once, false, true)}});
    b.publish("t", "1", qos::at_most_once, {true});
    b.publish("t", "2");
    EXPECT_THAT(a.messages(), ElementsAre("t 1", "t 2"));
    EXPECT_THAT(c.messages(), ElementsAre("t 1 retain", "t 2"));
}

TEST_F(broker_publish, properties_are_passed_on_in_order_and_an_expiry_counts_down) {
    connect();
    a.subscribe("t", qos::at_least_once);
    publish_settings how;
    put_user_property(how.properties, "k", "1");
    put_user_property(how.properties, "k", "2");
    how.expiry = 100;
    b.publish("t", "x", qos::at_least_once, how);
    EXPECT_THAT(a.messages(), ElementsAre("t x q1 expires100 k=1 k=2"));
    a.connect(kept(v5));
    a.subscribe("t", qos::at_least_once);
    a.disconnect();
    b.publish("t", "x", qos::at_least_once, how);
    all.advance(30s);
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), ElementsAre("t x q1 expires70 k=1 k=2"));
}

TEST_F(broker_publish, of_5_0_reaches_a_client_of_3_1_1_without_its_properties) {
    b.connect({v5});
    a.connect();
    a.subscribe("t", qos::at_least_once);
    publish_settings how;
    put_user_property(how.properties, "k", "1");
    b.publish("t", "x", qos::at_least_once, how);
    EXPECT_THAT(a.messages(), ElementsAre("t x q1"));
}

TEST_F(broker_publish, many_receivers_of_every_kind_get_the_same_bytes) {
    std::vector<scripted_client*> clients;
    const std::string large(5'000, 'x');
    for (int i = 0; i < 24; ++i) {
        auto& one = all.client("c" + std::to_string(i));
        connect_settings with{i % 2 == 0 ? v5 : protocol_version::v3_1_1};
        with.alias_maximum = i % 3 == 0 && i % 2 == 0 ? 2 : 0;
        one.connect(with);
        one.subscribe("long/topic", static_cast<qos>(i % 3), i % 4 == 0 && i % 2 == 0 ? 5 : 0);
        clients.push_back(&one);
    }
    b.connect({v5});
    for (const auto& payload : {"small"s, large, ""s}) {
        b.publish("long/topic", payload, qos::exactly_once);
        for (int i = 0; i < 24; ++i) {
            std::string expected = "long/topic " + payload;
            expected += i % 3 > 0 ? " q" + std::to_string(i % 3) : "";
            expected += i % 4 == 0 ? " id5" : "";
            EXPECT_THAT(clients[static_cast<std::size_t>(i)]->messages(), ElementsAre(expected));
        }
    }
}

TEST_F(broker_publish, order_is_kept_for_each_qos) {
    connect();
    a.subscribe("t", qos::exactly_once);
    std::vector<std::string> expected;
    for (int i = 0; i < 300; ++i) {
        const auto level = i % 2 == 0 ? qos::at_least_once : qos::exactly_once;
        b.publish("t", std::to_string(i), level);
        expected.push_back("t " + std::to_string(i) + (i % 2 == 0 ? " q1" : " q2"));
    }
    EXPECT_EQ(a.messages(), expected);
}

// --- Topic aliases -------------------------------------------------------------------------------

TEST_F(broker_publish, an_alias_of_the_client_stands_for_its_last_topic) {
    connect();
    a.subscribe("#");
    b.publish("t", "1", qos::at_most_once, {false, {}, 1});
    b.publish("", "2", qos::at_most_once, {false, {}, 1});
    b.publish("u", "3", qos::at_most_once, {false, {}, 1});
    b.publish("", "4", qos::at_most_once, {false, {}, 1});
    EXPECT_THAT(a.messages(), ElementsAre("t 1", "t 2", "u 3", "u 4"));
    b.publish("", "5", qos::at_most_once, {false, {}, 2});
    EXPECT_THAT(b.heard(), ElementsAre("DISCONNECT protocol error", "CLOSED"));
}

TEST_F(broker_publish, an_alias_over_the_maximum_ends_the_connection) {
    connect();
    EXPECT_EQ(b.limits().topic_alias_maximum, 16);
    b.publish("t", "1", qos::at_most_once, {false, {}, 16});
    b.publish("t", "1", qos::at_most_once, {false, {}, 17});
    EXPECT_THAT(b.heard(), ElementsAre("DISCONNECT topic alias invalid", "CLOSED"));
}

TEST_F(broker_publish, aliases_of_either_side_end_with_the_connection) {
    connect_settings with{v5, false};
    with.expiry = 100;
    with.alias_maximum = 3;
    a.connect(with);
    a.subscribe("#", qos::at_least_once);
    b.connect({v5});
    for (const auto* topic : {"topic/one", "topic/two", "topic/one", "topic/three", "topic/four"}) {
        b.publish(topic, "x", qos::at_least_once);
    }
    EXPECT_THAT(a.messages(), ElementsAre("topic/one x q1", "topic/two x q1", "topic/one x q1",
                                          "topic/three x q1", "topic/four x q1"));
    a.connect(with);
    b.publish("topic/one", "y", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("topic/one y q1"));
}

// --- What the policy says ------------------------------------------------------------------------

TEST_F(broker_publish, the_policy_may_drop_it_and_choose_the_answer) {
    connect();
    a.subscribe("#");
    all.rules.publishes = [](std::string_view, const publish_view& m) {
        return m.topic == "no"
                   ? publish_verdict{publish_verdict::action::acknowledge, reason::not_authorized}
                   : publish_verdict{};
    };
    b.publish("no", "1", qos::at_least_once);
    b.publish("no", "2", qos::exactly_once);
    b.publish("no", "3");
    b.publish("yes", "4", qos::exactly_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 1 not authorized", "PUBREC 2 not authorized",
                                       "PUBREC 3", "PUBCOMP 3"));
    EXPECT_THAT(a.messages(), ElementsAre("yes 4"));
    EXPECT_EQ(b.unanswered(), 0U);
    // 3.1.1 has no way to say so, and the flow of QoS 2 is completed.
    b.connect();
    b.heard();
    b.publish("no", "1", qos::at_least_once);
    b.publish("no", "2", qos::exactly_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 4", "PUBREC 5", "PUBCOMP 5"));
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_F(broker_publish, the_policy_may_end_the_connection) {
    connect();
    all.rules.publishes = [](auto...) {
        return publish_verdict{publish_verdict::action::disconnect, reason::not_authorized};
    };
    b.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(b.heard(), ElementsAre("DISCONNECT not authorized", "CLOSED"));
    EXPECT_THAT(all.rules.events, Contains("lost b"));
}

TEST_F(broker_publish, a_table_names_who_gets_it_if_they_subscribed_to_it) {
    all.rules.use_table({{"b", "a", "t/#"}, {"b", "c", "t/#"}, {"b", "d", "t/#"}});
    connect();
    auto& c = all.client("c");
    c.connect();
    a.subscribe("t/x", qos::at_least_once);
    b.publish("t/x", "1", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t/x 1 q1"));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not connected: t/x for d", 1),
                                              Pair("not subscribed: t/x for c", 1)));
    a.publish("t/x", "2", qos::at_least_once);  // no row
    EXPECT_THAT(a.messages(), IsEmpty());
    // A later subscription and a later connection count at once.
    c.subscribe("#");
    all.client("d").connect();
    b.publish("t/x", "3", qos::at_least_once);
    EXPECT_THAT(c.messages(), ElementsAre("t/x 3"));
    EXPECT_THAT(all.rules.losses, Contains(Pair("not subscribed: t/x for d", 1)));
}

TEST_F(broker_publish, nobody_is_said_in_the_acknowledgement_and_nothing_is_retained) {
    connect();
    all.rules.nobody = [](std::string_view) { return reason::not_authorized; };
    b.publish("t", "1", qos::at_least_once, {true});
    b.publish("t", "2", qos::exactly_once, {true});
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 1 not authorized", "PUBREC 2 not authorized"));
    EXPECT_EQ(all.retained().size(), 0U);
    all.rules.nobody = [](std::string_view) { return reason::no_matching_subscribers; };
    all.rules.set_rights({});
    b.publish("t", "2", qos::exactly_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBREC 3 no matching subscribers", "PUBCOMP 3"));
}

TEST_F(broker_publish, waits_with_its_answer_until_an_external_target_has_it) {
    auto queue = all.rules.external("function");
    queue->slow = true;
    all.rules.use_table({{"*", "function", "t"}});
    connect();
    b.publish("t", "1", qos::at_least_once);
    b.publish("t", "2", qos::exactly_once);
    b.publish("t", "3");
    b.publish("other", "4", qos::at_least_once);
    EXPECT_THAT(queue->got, ElementsAre("t 1", "t 2", "t 3"));
    EXPECT_THAT(b.heard(), IsEmpty());
    queue->receipts[1].reset();
    all.settle();
    EXPECT_THAT(b.heard(), IsEmpty());  // in order
    queue->receipts[0].reset();
    all.settle();
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 1", "PUBREC 2", "PUBACK 3 no matching subscribers",
                                       "PUBCOMP 2"));
}

TEST_F(broker_publish, an_answer_that_comes_after_the_connection_is_for_nobody) {
    auto queue = all.rules.external("function");
    queue->slow = true;
    all.rules.use_table({{"*", "function", "t"}});
    connect();
    b.publish("t", "1", qos::at_least_once);
    b.connect();
    b.heard();
    queue->receipts.clear();
    all.settle();
    EXPECT_THAT(b.heard(), IsEmpty());
}

// --- From outside --------------------------------------------------------------------------------

TEST_F(broker_publish, from_outside_is_routed_by_its_source) {
    connect();
    a.subscribe("#", qos::at_least_once);
    all.rules.use_table({{"cloud", "a", "t"}});
    all.publish(all.message("t", "1", qos::at_least_once, false, "cloud"));
    all.publish(all.message("t", "2", qos::at_least_once, false, "function"));
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1"));
    EXPECT_EQ(all.rules.routed_clients, 1U);
}

TEST_F(broker_publish, to_one_client_alone_needs_a_filter_of_its_own) {
    connect();
    const auto message = all.message("t", "1", qos::at_least_once);
    const auto to = [&](const char* who) {
        all.home(who).deliver_to(who, message, {});
        all.settle();
    };
    EXPECT_EQ(all.home("a").would_lose("a", "t"), loss::not_subscribed);
    to("a");
    a.subscribe("+", qos::at_least_once);
    b.subscribe("+", qos::at_least_once);
    EXPECT_EQ(all.home("a").would_lose("a", "t"), std::nullopt);
    to("a");
    to("c");
    EXPECT_EQ(all.home("c").would_lose("c", "t"), loss::not_connected);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1"));
    EXPECT_THAT(b.messages(), IsEmpty());
    EXPECT_THAT(all.rules.losses,
                ElementsAre(Pair("not connected: t for c", 1), Pair("not subscribed: t for a", 1)));
}

TEST_F(broker_publish, to_one_client_alone_may_come_by_its_share) {
    connect();
    a.subscribe("$share/g/+", qos::at_least_once, 4);
    EXPECT_EQ(all.home("a").would_lose("a", "t"), std::nullopt);
    all.home("a").deliver_to("a", all.message("t", "1", qos::at_least_once), {});
    all.settle();
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1 id4"));
}

// --- Limits of the packet itself -----------------------------------------------------------------

TEST(broker_publish_limits, topics_over_the_limits_end_the_connection) {
    world_settings settings;
    settings.options.max_topic_bytes = 10;
    settings.options.max_topic_levels = 3;
    for (const auto* topic : {"01234567890", "a/b/c/d", "////"}) {
        world all(settings);
        auto& a = all.client("a");
        a.connect({v5});
        a.publish("0123456789", "ok", qos::at_least_once);
        a.publish("a/b/c", "ok", qos::at_least_once);
        a.heard();
        a.publish(topic, "no", qos::at_least_once);
        EXPECT_THAT(a.heard(), ElementsAre("DISCONNECT topic name invalid", "CLOSED")) << topic;
    }
}

TEST(broker_publish_limits, qos_over_the_maximum_ends_the_connection_and_bounds_subscriptions) {
    world_settings settings;
    settings.options.maximum_qos = qos::at_least_once;
    world all(settings);
    auto& a = all.client("a");
    a.connect({v5});
    EXPECT_EQ(a.limits().maximum_qos, qos::at_least_once);
    EXPECT_EQ(a.subscribe("t", qos::exactly_once), "1");
    a.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1"));
    a.heard();
    a.publish("t", "1", qos::exactly_once);
    EXPECT_THAT(a.heard(), ElementsAre("DISCONNECT QoS not supported", "CLOSED"));
}

TEST(broker_publish_limits, packets_over_the_size_limit_end_the_connection) {
    world_settings settings;
    settings.options.max_packet_bytes = 100;
    world all(settings);
    auto& a = all.client("a");
    a.connect({v5});
    EXPECT_EQ(a.limits().maximum_packet_size, 100U);
    a.publish("t", std::string(93, 'x'));
    EXPECT_TRUE(a.connected());
    a.publish("t", std::string(97, 'x'));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "DISCONNECT packet too large", "CLOSED"));
}

TEST(broker_publish_v1, delivers_at_qos_0_and_retains_nothing) {
    world_settings settings;
    settings.options.behaviour = profile::v1;
    world all(settings);
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(kept());
    EXPECT_EQ(a.subscribe("t", qos::exactly_once), "1");
    connect_settings with;
    with.will = will_settings{"t", "will", qos::at_least_once, true};
    b.connect(with);
    b.publish("t", "1", qos::at_least_once, {true});
    all.publish(all.message("t", "2", qos::at_least_once, true));
    b.cut();
    EXPECT_THAT(a.messages(), ElementsAre("t 1", "t 2", "t will"));
    EXPECT_EQ(all.retained().size(), 0U);
    a.cut();
    EXPECT_EQ(all.sessions(), 0U);
    EXPECT_EQ(a.connect(kept()), "CONNACK");
    EXPECT_EQ(b.connect({v5}), "CONNACK unsupported protocol version");
}

}  // namespace
}  // namespace evergrass::mqtt::testing
