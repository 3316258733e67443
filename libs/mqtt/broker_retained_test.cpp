#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

// Retained messages (3.3.1.3, 3.8.3.1).
namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr auto v5 = protocol_version::v5;

subscribe_packet::request wanted(std::string_view filter, retain_handling handling,
                                 bool no_local = false) {
    subscription_options options;
    options.level = qos::at_least_once;
    options.retained = handling;
    options.no_local = no_local;
    return {filter, options};
}

class broker_retained : public ::testing::Test {
protected:
    broker_retained() {
        a.connect({v5});
        b.connect({v5});
    }
    void retain(std::string_view topic, std::string_view payload, qos level = qos::at_least_once) {
        b.publish(topic, payload, level, {true});
    }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};

TEST_F(broker_retained, comes_with_its_flag_to_each_new_subscription) {
    retain("t/1", "one");
    retain("t/2", "two", qos::exactly_once);
    a.subscribe("t/+", qos::at_least_once, 9);
    EXPECT_THAT(a.messages(),
                UnorderedElementsAre("t/1 one q1 retain id9", "t/2 two q1 retain id9"));
    a.subscribe("t/1");
    EXPECT_THAT(a.messages(), ElementsAre("t/1 one retain"));
    a.subscribe("t/1");  // again
    EXPECT_THAT(a.messages(), ElementsAre("t/1 one retain"));
}

TEST_F(broker_retained, is_replaced_by_the_next_one_whoever_sends_it) {
    retain("t", "one");
    a.publish("t", "two", qos::at_most_once, {true});
    a.subscribe("t");
    EXPECT_THAT(a.messages(), ElementsAre("t two retain"));
}

TEST_F(broker_retained, is_kept_for_each_source_where_the_policy_looks_at_sources) {
    world_settings settings;
    settings.options.retained_by_source = true;
    world other(settings);
    auto& x = other.client("x");
    auto& y = other.client("y");
    auto& reader = other.client("reader");
    for (auto* each : {&x, &y, &reader}) {
        each->connect({v5});
    }
    x.publish("t", "of x", qos::at_most_once, {true});
    y.publish("t", "of y", qos::at_most_once, {true});
    other.rules.set_rights(
        [](auto who, auto source, auto) { return who != "reader" || source == "x"; });
    reader.subscribe("t");
    EXPECT_THAT(reader.messages(), ElementsAre("t of x retain"));
}

TEST_F(broker_retained, goes_with_an_empty_payload_which_is_delivered_and_not_retained) {
    a.subscribe("t", qos::at_least_once);
    retain("t", "one");
    retain("t", "");
    EXPECT_THAT(a.messages(), ElementsAre("t one q1", "t  q1"));
    EXPECT_EQ(all.retained().size(), 0U);
    retain("t", "");  // nothing to clear
    EXPECT_THAT(b.heard(), ::testing::Contains("PUBACK 3"));
}

TEST_F(broker_retained, is_sent_as_retain_handling_says) {
    retain("t", "x");
    a.subscribe({wanted("t", retain_handling::do_not_send)});
    EXPECT_THAT(a.messages(), IsEmpty());
    a.subscribe({wanted("t", retain_handling::send_if_new)});
    EXPECT_THAT(a.messages(), IsEmpty());
    a.unsubscribe("t");
    a.subscribe({wanted("t", retain_handling::send_if_new)});
    EXPECT_THAT(a.messages(), ElementsAre("t x q1 retain"));
    a.subscribe({wanted("t", retain_handling::send_at_subscribe)});
    EXPECT_THAT(a.messages(), ElementsAre("t x q1 retain"));
}

TEST_F(broker_retained, is_not_sent_to_a_share_nor_where_it_may_not_go) {
    retain("t", "x");
    a.subscribe("$share/g/t", qos::at_least_once);
    EXPECT_THAT(a.messages(), IsEmpty());
    a.publish("mine", "x", qos::at_most_once, {true});
    a.subscribe({wanted("mine", retain_handling::send_at_subscribe, true)});
    EXPECT_THAT(a.messages(), IsEmpty());
    all.rules.set_rights([](auto, auto, auto topic) { return topic != "t"; });
    a.subscribe("#");
    EXPECT_THAT(a.messages(), ElementsAre("mine x retain"));
}

TEST_F(broker_retained, is_not_sent_where_the_subscription_was_refused) {
    retain("t", "x");
    all.rules.subscribes = [](auto...) { return reason::not_authorized; };
    EXPECT_EQ(a.subscribe("t"), "135");
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_F(broker_retained, may_be_left_out_for_wildcards_and_parents) {
    world_settings settings;
    settings.options.retained_for_wildcards = false;
    settings.options.hash_matches_parent = false;
    world aws(settings);
    auto& one = aws.client("one");
    one.connect({v5});
    one.publish("t", "x", qos::at_most_once, {true});
    one.subscribe("#");
    one.subscribe("t/#");
    EXPECT_THAT(one.messages(), IsEmpty());
    one.subscribe("t");
    EXPECT_THAT(one.messages(), ElementsAre("t x retain"));
    one.unsubscribe("t");
    one.unsubscribe("#");
    one.publish("t", "y");
    EXPECT_THAT(one.messages(), IsEmpty());
    one.publish("t/u", "y");
    EXPECT_THAT(one.messages(), ElementsAre("t/u y"));
}

TEST_F(broker_retained, expires_and_tells_how_long_it_has_left) {
    b.publish("t", "x", qos::at_most_once, {true, 100});
    all.advance(40s);
    a.subscribe("t");
    EXPECT_THAT(a.messages(), ElementsAre("t x retain expires60"));
    all.advance(60s);
    a.subscribe("t");
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_F(broker_retained, is_kept_by_a_session_that_is_cut_before_it_acknowledges) {
    retain("t", "x");
    a.connect(kept(v5));
    a.acknowledges = false;
    a.subscribe("t", qos::at_least_once);
    a.cut();
    a.acknowledges = true;
    a.heard();
    a.connect(kept(v5));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBLISH t x q1 dup retain"));
}

TEST_F(broker_retained, beyond_the_limits_is_refused_where_that_can_be_said_and_counted_where_not) {
    world_settings settings;
    settings.options.max_retained = 1;
    world small(settings);
    auto& one = small.client("one");
    one.connect({v5});
    one.subscribe("#", qos::at_least_once);
    one.publish("t", "1", qos::at_least_once, {true});
    one.publish("u", "2", qos::at_least_once, {true});
    EXPECT_THAT(one.messages(), ElementsAre("t 1 q1"));
    EXPECT_THAT(one.heard(), ::testing::Contains("PUBACK 3 quota exceeded"));
    one.publish("u", "3", qos::at_most_once, {true});
    EXPECT_THAT(one.messages(), ElementsAre("u 3"));
    EXPECT_THAT(small.rules.losses, ElementsAre(Pair("not stored: u for ", 1)));
    one.publish("t", "4", qos::at_least_once, {true});  // replaces what is there
    EXPECT_THAT(one.messages(), ElementsAre("t 4 q1"));
    small.publish(small.message("u", "5", qos::at_least_once, true));
    EXPECT_THAT(one.messages(), ElementsAre("u 5 q1"));
    EXPECT_THAT(small.rules.losses, ElementsAre(Pair("not stored: u for ", 2)));
}

TEST_F(broker_retained, survives_a_crash_and_so_does_its_end) {
    for (const bool by_source : {false, true}) {
        world_settings settings;
        settings.journal = true;
        settings.options.retained_by_source = by_source;
        world saved(settings);
        auto& one = saved.client("one");
        auto& two = saved.client("two");
        one.connect({v5});
        two.connect({v5});
        one.publish("t", "1", qos::at_least_once, {true});
        two.publish("t", "2", qos::at_least_once, {true});
        one.publish("u", "3", qos::at_least_once, {true});
        (by_source ? one : two).publish("u", "", qos::at_least_once, {true});
        saved.crash();
        one.connect({v5});
        one.subscribe("#");
        if (by_source) {
            EXPECT_THAT(one.messages(), UnorderedElementsAre("t 1 retain", "t 2 retain"));
        } else {
            EXPECT_THAT(one.messages(), ElementsAre("t 2 retain"));
        }
    }
}

TEST_F(broker_retained, stays_as_it_was_when_the_journal_refuses_another) {
    world_settings settings;
    settings.journal = true;
    world saved(settings);
    auto& one = saved.client("one");
    one.connect({v5});
    one.publish("t", "1", qos::at_least_once, {true});
    one.heard();
    saved.journal.refuses = true;
    one.publish("t", "2", qos::at_least_once, {true});
    EXPECT_THAT(one.heard(), ElementsAre("PUBACK 2 quota exceeded"));
    one.subscribe("t");
    EXPECT_THAT(one.messages(), ElementsAre("t 1 retain"));
    saved.crash();
    one.connect({v5});
    one.subscribe("t");
    EXPECT_THAT(one.messages(), ElementsAre("t 1 retain"));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
