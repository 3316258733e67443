#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

// Shared subscriptions (MQTT5 4.8.2), on one shard and over several.
namespace evergrass::mqtt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto v5 = protocol_version::v5;

class broker_shared_test : public ::testing::TestWithParam<std::size_t> {
protected:
    broker_shared_test() {
        for (auto* each : {&a, &b, &c, &sender}) {
            each->connect({v5});
        }
    }
    void publish(int count, qos level = qos::at_least_once) {
        for (int i = 0; i < count; ++i) {
            sender.publish("t", std::to_string(i), level);
        }
    }

    world all{{GetParam()}};
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
    scripted_client& c = all.client("c");
    scripted_client& sender = all.client("sender");
};
INSTANTIATE_TEST_SUITE_P(shards, broker_shared_test, ::testing::Values(1, 3));

TEST_P(broker_shared_test, each_message_goes_to_one_member_in_turn) {
    for (auto* each : {&a, &b, &c}) {
        each->subscribe("$share/g/t", qos::exactly_once);
    }
    publish(6, qos::exactly_once);
    EXPECT_THAT(a.messages(), ElementsAre("t 0 q2", "t 3 q2"));
    EXPECT_THAT(b.messages(), ElementsAre("t 1 q2", "t 4 q2"));
    EXPECT_THAT(c.messages(), ElementsAre("t 2 q2", "t 5 q2"));
}

TEST_P(broker_shared_test, groups_and_clients_that_subscribe_alone_get_copies_of_their_own) {
    a.subscribe("$share/g/t", qos::at_least_once, 1);
    a.subscribe("$share/h/t", qos::at_most_once, 2);
    a.subscribe("t", qos::at_least_once, 3);
    b.subscribe("t");
    publish(1);
    EXPECT_THAT(a.messages(),
                ::testing::UnorderedElementsAre("t 0 q1 id1", "t 0 id2", "t 0 q1 id3"));
    EXPECT_THAT(b.messages(), ElementsAre("t 0"));
}

TEST_P(broker_shared_test, who_may_not_receive_is_passed_over) {
    for (auto* each : {&a, &b}) {
        each->subscribe("$share/g/t", qos::at_least_once);
    }
    all.rules.set_rights([](auto who, auto, auto) { return who != "a"; });
    publish(2);
    EXPECT_THAT(a.messages(), IsEmpty());
    EXPECT_THAT(b.messages(), SizeIs(2));
    all.rules.set_rights([](auto...) { return false; });
    sender.heard();
    publish(1);
    EXPECT_THAT(sender.heard(), ElementsAre("PUBACK 3 no matching subscribers"));
}

TEST_P(broker_shared_test, a_table_chooses_among_those_that_it_names) {
    for (auto* each : {&a, &b, &c}) {
        each->subscribe("$share/g/t", qos::at_least_once);
    }
    all.rules.use_table({{"sender", "a", "#"}, {"sender", "c", "#"}});
    publish(4);
    EXPECT_THAT(a.messages(), SizeIs(2));
    EXPECT_THAT(b.messages(), IsEmpty());
    EXPECT_THAT(c.messages(), SizeIs(2));
    EXPECT_THAT(all.rules.losses, IsEmpty());
}

TEST_P(broker_shared_test, a_message_is_counted_for_the_row_of_the_one_that_got_it) {
    for (auto* each : {&a, &b, &c}) {
        each->subscribe("$share/g/t", qos::at_least_once);
    }
    all.rules.use_table({{"sender", "a", "#"}, {"sender", "b", "#"}, {"sender", "c", "#"}});
    publish(1);
    EXPECT_THAT(all.rules.routed_marks, ElementsAre(0U));
    publish(4);
    EXPECT_THAT(all.rules.routed_marks, ElementsAre(0U, 1U, 2U, 0U, 1U));
    EXPECT_EQ(all.rules.routed_clients, 5U);
}

TEST_P(broker_shared_test, a_message_is_counted_once_for_a_row_whose_client_gets_two_copies) {
    a.subscribe("$share/g/t", qos::at_least_once);
    a.subscribe("t", qos::at_least_once);
    all.rules.use_table({{"sender", "a", "#"}});
    publish(2);
    EXPECT_THAT(a.messages(), SizeIs(4));
    EXPECT_THAT(all.rules.routed_marks, ElementsAre(0U, 0U));
}

TEST_P(broker_shared_test, members_that_are_away_wait_only_when_nobody_is_there) {
    a.connect(kept(v5));
    a.subscribe("$share/g/t", qos::at_least_once);
    b.subscribe("$share/g/t", qos::at_least_once);
    a.cut();
    publish(2);
    EXPECT_THAT(b.messages(), SizeIs(2));
    b.disconnect();
    publish(2);
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), SizeIs(2));
    EXPECT_THAT(all.rules.losses, IsEmpty());
}

TEST_P(broker_shared_test, membership_ends_with_unsubscribe_and_with_the_session) {
    for (auto* each : {&a, &b}) {
        each->subscribe("$share/g/t", qos::at_least_once);
    }
    EXPECT_EQ(a.unsubscribe("$share/g/t"), "0");
    publish(2);
    EXPECT_THAT(a.messages(), IsEmpty());
    EXPECT_THAT(b.messages(), SizeIs(2));
    b.cut();
    sender.heard();
    publish(1);
    EXPECT_THAT(sender.heard(), ElementsAre("PUBACK 3 no matching subscribers"));
}

TEST_P(broker_shared_test, the_rights_of_a_member_are_those_it_came_back_with) {
    all.rules.admits = [](auto, const connect_packet& p) {
        return admission{reason::success, std::make_shared<bool>(p.keep_alive_seconds == 0)};
    };
    a.connect(kept(v5));
    a.subscribe("$share/g/t", qos::at_least_once);
    auto changed = kept(v5);
    changed.keep_alive = 10;
    a.connect(changed);
    bool asked = false;
    all.rules.set_rights_by_info([&](const client_info& who) {
        asked = asked || who.id == "a";
        return who.id != "a" || *std::static_pointer_cast<bool>(who.context);
    });
    publish(1);
    EXPECT_TRUE(asked);
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_P(broker_shared_test, is_not_offered_by_v1) {
    world_settings settings;
    settings.options.behaviour = profile::v1;
    world v1(settings);
    auto& one = v1.client("one");
    one.connect();
    EXPECT_EQ(one.subscribe("$share/g/t"), "128");
}

TEST_P(broker_shared_test, sessions_that_were_restored_take_part) {
    world_settings settings;
    settings.shards = GetParam();
    settings.journal = true;
    world saved(settings);
    auto& one = saved.client("one");
    auto& from = saved.client("from");
    one.connect(kept(v5));
    one.subscribe("$share/g/t", qos::at_least_once);
    saved.crash();
    from.connect({v5});
    from.publish("t", "1", qos::at_least_once);
    one.connect(kept(v5));
    EXPECT_THAT(one.messages(), ElementsAre("t 1 q1"));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
