#include "libs/mqtt/share_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace evergrass::mqtt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

share_group::member member(std::string id, bool connected = true) {
    share_group::member made;
    made.info.id = id;
    made.client_id = std::move(id);
    made.connected = connected;
    return made;
}
client_info info(std::string id) {
    client_info made;
    made.id = std::move(id);
    return made;
}

std::vector<std::string> picks(share_group& group, int count, std::string not_this = {}) {
    std::vector<std::string> chosen;
    for (int i = 0; i < count; ++i) {
        const auto one = group.pick([&](const auto& m) { return m.client_id != not_this; });
        chosen.push_back(one ? one->client_id : "-");
    }
    return chosen;
}

TEST(share_groups, members_take_turns) {
    share_groups all;
    EXPECT_TRUE(all.empty());
    for (const auto* id : {"a", "b", "c"}) {
        all.join("g", "t/+", member(id));
    }
    EXPECT_FALSE(all.empty());
    const auto found = all.matching("t/x", true);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0]->subscribed_filter(), "$share/g/t/+");
    EXPECT_THAT(picks(*found[0], 4), ElementsAre("a", "b", "c", "a"));
    EXPECT_THAT(picks(*found[0], 3, "b"), ElementsAre("c", "a", "c"));
    all.leave("g", "t/+", "c");
    EXPECT_THAT(picks(*found[0], 3), ElementsAre("b", "a", "b"));
}

TEST(share_groups, a_member_that_is_away_is_chosen_when_no_other_is_there) {
    share_groups all;
    all.join("g", "t", member("a", false));
    all.join("g", "t", member("b", false));
    all.join("g", "t", member("c"));
    const auto group = all.matching("t", true).at(0);
    EXPECT_THAT(picks(*group, 3), ElementsAre("c", "c", "c"));
    all.set_connected("g", "t", info("c"), false);
    EXPECT_THAT(picks(*group, 4), ElementsAre("a", "b", "c", "a"));
    all.set_connected("g", "t", info("b"), true);
    EXPECT_THAT(picks(*group, 2), ElementsAre("b", "b"));
    EXPECT_THAT(picks(*group, 2, "b"), ElementsAre("c", "a"));
}

TEST(share_groups, joining_again_is_one_membership) {
    share_groups all;
    auto first = member("a");
    first.subscription_id = 1;
    all.join("g", "t", first);
    first.subscription_id = 2;
    all.join("g", "t", first);
    const auto group = all.matching("t", true).at(0);
    int asked = 0;
    group->pick([&](const auto& m) {
        ++asked;
        EXPECT_EQ(m.subscription_id, 2U);
        return false;
    });
    EXPECT_EQ(asked, 1);
}

TEST(share_groups, name_and_filter_together_are_the_group) {
    share_groups all;
    all.join("g", "t/#", member("a"));
    all.join("h", "t/#", member("a"));
    all.join("g", "t/+", member("a"));
    EXPECT_THAT(all.matching("t/x", true), SizeIs(3));
    EXPECT_THAT(all.matching("t", true), SizeIs(2));
    EXPECT_THAT(all.matching("t", false), IsEmpty());
    EXPECT_THAT(all.matching("u", true), IsEmpty());
}

TEST(share_groups, the_generation_changes_when_a_group_begins_or_ends) {
    share_groups all;
    const auto before = all.generation();
    all.join("g", "t", member("a"));
    const auto begun = all.generation();
    EXPECT_NE(before, begun);
    all.join("g", "t", member("b"));
    all.leave("g", "t", "a");
    all.leave("g", "other", "a");
    EXPECT_EQ(all.generation(), begun);
    all.leave("g", "t", "b");
    EXPECT_NE(all.generation(), begun);
    EXPECT_TRUE(all.empty());
}

TEST(share_groups, may_be_used_by_several_threads) {
    share_groups all;
    std::atomic<bool> stop{false};
    std::atomic<int> chosen{0};
    std::thread reader([&] {
        while (!stop) {
            for (const auto& group : all.matching("t", true)) {
                chosen += group->pick([](const auto&) { return true; }) ? 1 : 0;
            }
        }
    });
    std::vector<std::thread> writers;
    for (const auto* id : {"a", "b"}) {
        writers.emplace_back([&all, id] {
            for (int i = 0; i < 500; ++i) {
                all.join("g", "t", member(id));
                all.set_connected("g", "t", info(id), i % 2 == 0);
                all.leave("g", "t", id);
            }
        });
    }
    for (auto& each : writers) {
        each.join();
    }
    stop = true;
    reader.join();
    EXPECT_TRUE(all.empty());
}

}  // namespace
}  // namespace evergrass::mqtt
