#include "edge/shadows/sync_model.hpp"
#include "libs/base/errors.hpp"
#include "libs/shadow/print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_sync::sync_world;

const shadow::shadow_id thing{"T", ""};

class shadow_sync : public ::testing::Test {
protected:
    void follow(sync_direction way = sync_direction::both) { world.follow({{thing, way}}); }
    std::string local() { return shadow::print(world.store.documents[thing].state); }
    std::string cloud() { return shadow::print(world.cloud.documents[thing].state); }
    void settle() { ASSERT_TRUE(world.settle()); }

    sync_world world{1};
};

TEST_F(shadow_sync, goes_both_ways_at_the_first_meeting) {
    world.write_local(thing, R"({"reported":{"t":21},"desired":{"both":"core"}})");
    world.write_cloud(thing, R"({"desired":{"on":true,"both":"cloud"}})");
    follow();
    settle();
    EXPECT_EQ(cloud(), R"({"desired":{"on":true,"both":"cloud"},"reported":{"t":21}})");
    EXPECT_TRUE(
        shadow::same(world.store.documents[thing].state, world.cloud.documents[thing].state));
    EXPECT_EQ(world.engine().count().settled, 1U);
}

TEST_F(shadow_sync, sends_changed_leaves_only_and_hears_no_echo) {
    world.write_local(thing, R"({"reported":{"a":1,"b":2,"o":{"x":1,"y":1}}})");
    follow();
    settle();
    const auto sent = world.sent;
    world.write_local(thing, R"({"reported":{"a":1,"o":{"x":5}}})");
    settle();
    EXPECT_EQ(world.sent, sent + 1);
    EXPECT_THAT(world.last_sent.payload,
                HasSubstr(R"({"state":{"reported":{"o":{"x":5}}},"version":1,)"));
    // What is as the cloud has it is not sent.
    world.write_local(thing, R"({"reported":{"a":1}})");
    settle();
    EXPECT_EQ(world.sent, sent + 1);
    // And what came from the cloud isn't sent back.
    world.write_cloud(thing, R"({"reported":{"b":7}})");
    settle();
    EXPECT_EQ(world.sent, sent + 1);
    EXPECT_EQ(world.store.changes, 1);
}

TEST_F(shadow_sync, gives_desired_to_the_cloud_and_reported_to_the_core_where_both_changed) {
    world.write_cloud(thing, R"({"desired":{"d":0},"reported":{"r":0}})");
    follow();
    settle();
    world.link(false);
    world.write_local(thing, R"({"desired":{"d":1,"mine":1},"reported":{"r":1}})");
    world.write_cloud(thing, R"({"desired":{"d":2},"reported":{"r":2,"theirs":2}})");
    settle();
    EXPECT_EQ(cloud(), R"({"desired":{"d":2,"mine":1},"reported":{"r":1,"theirs":2}})");
    EXPECT_EQ(local(), R"({"desired":{"d":2,"mine":1},"reported":{"r":1,"theirs":2}})");
}

TEST_F(shadow_sync, a_leaf_that_was_removed_stays_removed) {
    world.write_cloud(thing, R"({"desired":{"a":1,"b":1}})");
    follow();
    settle();
    world.link(false);
    world.write_local(thing, R"({"desired":{"a":null}})");
    world.write_cloud(thing, R"({"desired":{"b":null,"c":1}})");
    settle();
    EXPECT_EQ(cloud(), R"({"desired":{"c":1}})");
    EXPECT_EQ(local(), R"({"desired":{"c":1}})");
}

TEST_F(shadow_sync, a_conflict_costs_one_question_and_one_more_update) {
    world.write_cloud(thing, R"({"desired":{"a":1}})");
    follow();
    settle();
    // The core's change is on its way while somebody writes in the cloud.
    world.write_local(thing, R"({"reported":{"r":1}})");
    const auto sent = world.sent;
    world.write_cloud(thing, R"({"desired":{"a":2}})");
    settle();
    EXPECT_EQ(world.cloud.refused, 1);
    EXPECT_LE(world.sent, sent + 2);
    EXPECT_EQ(cloud(), R"({"desired":{"a":2},"reported":{"r":1}})");
}

TEST_F(shadow_sync, what_was_deleted_stays_deleted) {
    for (const bool here : {true, false}) {
        world.write_cloud(thing, R"({"desired":{"a":1}})");
        follow();
        settle();
        EXPECT_TRUE(world.store.documents[thing].exists);
        world.link(false);
        if (here) {
            world.delete_local(thing);
            world.write_cloud(thing, R"({"desired":{"a":2}})");
        } else {
            world.delete_cloud(thing);
            world.write_local(thing, R"({"desired":{"a":2}})");
        }
        settle();
        EXPECT_FALSE(world.store.documents[thing].exists);
        EXPECT_FALSE(world.cloud.documents[thing].exists);
    }
    // And may be made again.
    world.write_local(thing, R"({"desired":{"new":1}})");
    settle();
    EXPECT_EQ(cloud(), R"({"desired":{"new":1}})");
}

TEST_F(shadow_sync, a_shadow_whose_versions_began_anew_is_taken) {
    world.write_cloud(thing, R"({"desired":{"a":1}})");
    world.write_cloud(thing, R"({"desired":{"a":2}})");
    follow();
    settle();
    world.link(false);
    world.cloud.documents[thing] = {};  // deleted more than 48 hours ago, and made again
    world.write_cloud(thing, R"({"desired":{"z":1}})");
    settle();
    EXPECT_EQ(local(), R"({"desired":{"z":1}})");
    EXPECT_EQ(world.engine().count().settled, 1U);
}

// Seed 48615 of the simulation, in small: the core took the old update for a shadow newly made, and
// the next version, which was its own update, did not tell it otherwise.
TEST_F(shadow_sync, an_update_that_comes_after_the_delete_that_followed_it_makes_nothing) {
    for (const bool core_writes : {true, false}) {
        world.follow({});
        world.store = {};
        world.cloud = {};
        follow();
        settle();
        world.write_cloud(thing, R"({"reported":{"cloud":20}})");
        world.delete_cloud(thing);
        world.reverse_to_core();
        if (core_writes) {
            world.write_local(thing, R"({"desired":{"y":21}})");
        }
        settle();
        EXPECT_EQ(world.store.documents[thing].exists, core_writes);
        EXPECT_EQ(world.cloud.documents[thing].exists, core_writes);
        EXPECT_EQ(local(), core_writes ? R"({"desired":{"y":21}})" : "{}");
        EXPECT_EQ(cloud(), local());
        EXPECT_EQ(world.engine().count().settled, 1U);
    }
}

TEST_F(shadow_sync, an_older_delete_that_comes_late_does_not_hide_the_newer_one) {
    follow();
    settle();
    world.write_cloud(thing, R"({"desired":{"a":1}})");
    world.delete_cloud(thing);
    world.reverse_to_core();
    world.write_cloud(thing, R"({"desired":{"a":2}})");
    world.reverse_to_core();
    world.delete_cloud(thing);
    world.reverse_to_core();  // both deletes, the newer one first; then both updates
    settle();
    EXPECT_FALSE(world.store.documents[thing].exists);
    EXPECT_EQ(world.store.changes, 0);
}

TEST_F(shadow_sync, to_the_cloud_only) {
    world.write_cloud(thing, R"({"desired":{"cloud":1}})");
    world.write_local(thing, R"({"reported":{"core":1}})");
    follow(sync_direction::to_cloud);
    settle();
    world.write_cloud(thing, R"({"desired":{"cloud":2}})");
    world.write_local(thing, R"({"reported":{"core":2}})");
    settle();
    EXPECT_EQ(cloud(), R"({"desired":{"cloud":2},"reported":{"core":2}})");
    EXPECT_EQ(local(), R"({"reported":{"core":2}})");
    EXPECT_EQ(world.store.changes, 0);
    world.delete_local(thing);
    settle();
    EXPECT_FALSE(world.cloud.documents[thing].exists);
}

TEST_F(shadow_sync, to_the_device_only) {
    world.write_cloud(thing, R"({"desired":{"a":1,"b":1}})");
    follow(sync_direction::to_device);
    settle();
    world.write_local(thing, R"({"desired":{"a":5},"reported":{"core":1}})");
    settle();
    EXPECT_EQ(cloud(), R"({"desired":{"a":1,"b":1}})");
    world.write_cloud(thing, R"({"desired":{"b":2}})");
    settle();
    EXPECT_EQ(local(), R"({"desired":{"a":5,"b":2},"reported":{"core":1}})");
    EXPECT_EQ(world.cloud.documents[thing].version, 2);
    world.delete_cloud(thing);
    settle();
    EXPECT_FALSE(world.store.documents[thing].exists);
}

TEST_F(shadow_sync, what_does_not_go_together_waits_for_a_change_and_is_told_once) {
    const std::string large(5'000, 'x');
    world.write_local(thing, R"({"reported":{"core":")" + large + "\"}}");
    world.write_cloud(thing, R"({"desired":{"cloud":")" + large + "\"}}");
    follow();
    settle();
    const auto stuck = world.engine().take_stuck();
    ASSERT_EQ(stuck.size(), 1U);
    EXPECT_THAT(stuck[0].why, HasSubstr("exceeds the maximum size"));
    EXPECT_EQ(world.engine().count().stuck, 1U);
    EXPECT_THAT(cloud(), Not(HasSubstr("core")));
    world.write_local(thing, R"({"reported":{"core":"short"}})");
    settle();
    EXPECT_THAT(cloud(), HasSubstr(R"("core":"short")"));
    EXPECT_THAT(local(), HasSubstr("cloud"));
    EXPECT_EQ(world.engine().count().stuck, 0U);
}

TEST_F(shadow_sync, what_does_not_go_together_does_when_the_cloud_deletes_its_part) {
    const std::string large(5'000, 'x');
    world.write_local(thing, R"({"reported":{"core":")" + large + "\"}}");
    world.write_cloud(thing, R"({"desired":{"cloud":")" + large + "\"}}");
    follow();
    settle();
    ASSERT_EQ(world.engine().count().stuck, 1U);
    world.delete_cloud(thing);
    settle();
    EXPECT_EQ(world.engine().count().stuck, 0U);
    EXPECT_EQ(cloud(), local());
    EXPECT_THAT(cloud(), HasSubstr("core"));
}

TEST_F(shadow_sync, asks_again_ever_more_slowly_when_the_cloud_does_not_answer) {
    sync_settings settings;
    testing_sync::memory_store store;
    sync_engine engine(settings, store);
    mono_time now{std::chrono::hours(1)};
    engine.follow({{thing, sync_direction::both}}, now);
    engine.link_up(now);
    int asked = 0;
    const auto end = now + std::chrono::minutes(30);
    while (engine.next_deadline() && *engine.next_deadline() < end) {
        now = *engine.next_deadline();
        engine.tick(now);
        asked += static_cast<int>(engine.take_messages().size());
    }
    EXPECT_GE(asked, 25);  // 60 s and a quarter at most between two
    EXPECT_LE(asked, 45);
}

TEST_F(shadow_sync, keeps_no_more_than_a_window_under_way) {
    sync_settings settings;
    settings.window = 3;
    testing_sync::memory_store store;
    sync_engine engine(settings, store);
    std::map<shadow::shadow_id, sync_direction> all;
    for (int i = 0; i < 10; ++i) {
        all[{"T" + std::to_string(i), ""}] = sync_direction::both;
    }
    const mono_time now{std::chrono::hours(1)};
    engine.follow(all, now);
    engine.link_up(now);
    auto sent = engine.take_messages();
    ASSERT_EQ(sent.size(), 3U);
    testing_sync::cloud_model cloud;
    const auto asked = shadow::parse_request_topic(sent[0].topic);
    for (const auto& said : cloud.ask(asked->which, asked->what, sent[0].payload)) {
        engine.hear(parse_cloud_message(said.topic, said.payload).value(), now);
    }
    EXPECT_EQ(engine.take_messages().size(), 1U);
    // Of those that are no longer followed nothing is under way.
    all.erase(all.begin(), std::next(all.begin(), 4));
    engine.follow(all, now);
    EXPECT_EQ(engine.take_messages().size(), 3U);
    EXPECT_EQ(engine.count().followed, 6U);
}

TEST_F(shadow_sync, what_was_lost_with_a_transaction_is_asked_again) {
    sync_settings settings;
    testing_sync::memory_store store;
    sync_engine engine(settings, store);
    const mono_time now{std::chrono::hours(1)};
    engine.follow({{thing, sync_direction::both}}, now);
    engine.link_up(now);
    engine.undo(now);
    EXPECT_TRUE(engine.take_messages().empty());
    ASSERT_TRUE(engine.next_deadline());
    engine.tick(*engine.next_deadline());
    EXPECT_EQ(engine.take_messages().size(), 1U);
}

// A store that fails is told, and the shadow is looked at again later.
TEST_F(shadow_sync, a_store_that_fails_stops_one_shadow_for_a_while) {
    class broken_store final : public sync_store {
    public:
        result<shadow::document> document(const shadow::shadow_id&) override { return broken(); }
        result<sync_record> record(const shadow::shadow_id&) override { return broken(); }
        result<void> keep(const shadow::shadow_id&, const sync_record&) override {
            return broken();
        }
        result<void> update(const shadow::shadow_id&, const shadow::update_request&) override {
            return broken();
        }
        result<void> remove(const shadow::shadow_id&) override { return broken(); }
        result<void> together(const std::function<result<void>()>& work) override { return work(); }

    private:
        static error broken() { return {errc::unavailable, "the disk is full"}; }
    } store;
    sync_engine engine({}, store);
    const mono_time now{std::chrono::hours(1)};
    engine.follow({{thing, sync_direction::both}}, now);
    engine.link_up(now);
    EXPECT_TRUE(engine.take_messages().empty());
    ASSERT_EQ(engine.take_errors().size(), 1U);
    EXPECT_TRUE(engine.next_deadline());
}

}  // namespace
}  // namespace evergrass::edge
