#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

// Several shards: clients of one reach those of the others.
namespace evergrass::mqtt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto v5 = protocol_version::v5;

class broker_shards : public ::testing::Test {
protected:
    // A client whose home is that shard.
    scripted_client& at(std::size_t shard, std::string prefix = "c") {
        for (int i = 0;; ++i) {
            auto id = prefix + std::to_string(i);
            if (home_of(id, all.shards()) == shard && used_.insert(id).second) {
                return all.client(id);
            }
        }
    }

    world all{{3}};

private:
    std::set<std::string> used_;
};

TEST_F(broker_shards, a_message_reaches_subscribers_on_all_of_them) {
    auto& from = at(0);
    from.connect({v5});
    std::vector<scripted_client*> readers;
    for (const std::size_t shard : {0U, 1U, 1U, 2U}) {
        auto& one = at(shard);
        one.connect({v5});
        one.subscribe("t/+", qos::at_least_once);
        readers.push_back(&one);
    }
    from.publish("t/x", "1", qos::at_least_once);
    for (auto* each : readers) {
        EXPECT_THAT(each->messages(), ElementsAre("t/x 1 q1"));
    }
    EXPECT_EQ(all.rules.routed_clients, 4U);
}

TEST_F(broker_shards, the_acknowledgement_waits_for_all_of_them) {
    auto& from = at(0);
    auto& to = at(1);
    from.connect({v5});
    to.connect({v5});
    to.subscribe("t", qos::at_least_once);
    from.settles = false;
    from.heard();
    from.publish("t", "1", qos::at_least_once);
    from.pump();
    from.pump();
    EXPECT_THAT(from.heard(), IsEmpty());
    EXPECT_FALSE(all.mesh().empty());
    all.settle();
    EXPECT_THAT(from.heard(), ElementsAre("PUBACK 1"));
    EXPECT_THAT(to.messages(), ElementsAre("t 1 q1"));
}

TEST_F(broker_shards, nothing_is_posted_to_a_shard_without_subscriptions) {
    auto& from = at(0);
    auto& to = at(1);
    from.connect({v5});
    to.connect({v5});
    to.subscribe("t");
    to.unsubscribe("t");
    EXPECT_EQ(all.subscriptions(1), 0U);
    from.settles = false;
    from.publish("t", "1");
    from.pump();
    EXPECT_TRUE(all.mesh().empty());
    from.settles = true;
    from.heard();
    from.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(from.heard(), ElementsAre("PUBACK 1 no matching subscribers"));
}

TEST_F(broker_shards, order_is_kept_between_two_clients) {
    auto& from = at(0);
    auto& to = at(2);
    from.connect({v5});
    to.connect({v5});
    to.subscribe("t", qos::exactly_once);
    std::vector<std::string> expected;
    from.settles = false;
    for (int i = 0; i < 50; ++i) {
        from.publish("t", std::to_string(i), qos::exactly_once);
        expected.push_back("t " + std::to_string(i) + " q2");
    }
    all.settle();
    EXPECT_EQ(to.messages(), expected);
}

TEST_F(broker_shards, a_client_that_a_table_names_is_found_at_its_home) {
    auto& from = at(0);
    auto& to = at(1);
    auto& deaf = at(2);
    from.connect({v5});
    to.connect({v5});
    deaf.connect({v5});
    to.subscribe("t", qos::at_least_once);
    auto queue = all.rules.external("function");
    all.rules.use_table({{from.id(), to.id(), "#"},
                         {from.id(), deaf.id(), "#"},
                         {from.id(), "nobody", "#"},
                         {from.id(), "function", "#"}});
    from.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(to.messages(), ElementsAre("t 1 q1"));
    EXPECT_THAT(queue->got, ElementsAre("t 1"));  // once
    EXPECT_THAT(all.rules.losses,
                ::testing::UnorderedElementsAre(Pair("not subscribed: t for " + deaf.id(), 1),
                                                Pair("not connected: t for nobody", 1)));
    EXPECT_THAT(all.rules.routed_marks, ElementsAre(0U));  // of the one that got it, from its home
    EXPECT_EQ(from.unanswered(), 0U);
}

TEST_F(broker_shards, retained_messages_are_common) {
    auto& from = at(0);
    auto& to = at(1);
    from.connect({v5});
    from.publish("t", "1", qos::at_least_once, {true});
    to.connect({v5});
    to.subscribe("t", qos::at_least_once);
    EXPECT_THAT(to.messages(), ElementsAre("t 1 q1 retain"));
}

TEST_F(broker_shards, rights_are_held_against_the_source_on_each) {
    auto& from = at(0);
    auto& other = at(0);
    auto& to = at(1);
    for (auto* each : {&from, &other, &to}) {
        each->connect({v5});
    }
    to.subscribe("t");
    all.rules.set_rights([&](auto, auto source, auto) { return source == from.id(); });
    from.publish("t", "1");
    other.publish("t", "2");
    EXPECT_THAT(to.messages(), ElementsAre("t 1"));
}

TEST_F(broker_shards, a_will_reaches_all_of_them) {
    auto& from = at(0);
    auto& to = at(1);
    auto settings = in_5();
    settings.will = will_settings{"t", "gone"};
    from.connect(settings);
    to.connect({v5});
    to.subscribe("t");
    from.cut();
    EXPECT_THAT(to.messages(), ElementsAre("t gone"));
}

// It left between the choice and its shard's turn.
TEST_F(broker_shards, a_member_of_a_share_that_has_just_left_is_not_chosen_after_all) {
    auto& from = at(0);
    auto& leaves = at(1);
    auto& stays = at(2);
    from.connect({v5});
    for (auto* each : {&leaves, &stays}) {
        each->connect({v5});
        each->subscribe("$share/g/t", qos::at_least_once);
    }
    from.settles = false;
    leaves.settles = false;
    from.publish("t", "1", qos::at_least_once);
    from.pump();
    leaves.unsubscribe("$share/g/t");
    leaves.pump();
    all.settle();
    EXPECT_THAT(leaves.messages(), IsEmpty());
    EXPECT_THAT(stays.messages(), ElementsAre("t 1 q1"));
    EXPECT_EQ(from.unanswered(), 0U);
    // With nobody left it is lost, and counted.
    from.publish("t", "2", qos::at_least_once);
    from.pump();
    stays.settles = false;
    stays.unsubscribe("$share/g/t");
    stays.pump();
    all.settle();
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not subscribed: t for " + stays.id(), 1)));
}

TEST_F(broker_shards, one_that_stops_drops_what_was_posted_to_it) {
    auto& from = at(0);
    auto& to = at(1);
    from.connect({v5});
    to.connect({v5});
    to.subscribe("t");
    from.settles = false;
    from.publish("t", "1", qos::at_least_once);
    from.pump();
    all.at(1).stop();
    all.settle();
    EXPECT_THAT(to.heard(), ::testing::Contains("DISCONNECT server shutting down"));
    EXPECT_EQ(from.unanswered(), 0U);
}

TEST(home_of, is_the_same_for_the_same_client_and_uses_all_shards) {
    std::set<std::size_t> used;
    for (int i = 0; i < 100; ++i) {
        const auto id = "client" + std::to_string(i);
        EXPECT_EQ(home_of(id, 4), home_of(std::string(id), 4));
        EXPECT_EQ(home_of(id, 1), 0U);
        EXPECT_LT(home_of(id, 4), 4U);
        used.insert(home_of(id, 4));
    }
    EXPECT_THAT(used, SizeIs(4));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
