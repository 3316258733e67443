#include "libs/mqtt/topic_tree.hpp"

#include "libs/mqtt/types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::mqtt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

std::vector<int> matches(const topic_tree<int>& tree, std::string_view topic,
                         bool hash_matches_parent = true) {
    std::vector<int> found;
    tree.match(topic, hash_matches_parent, [&](int value) { found.push_back(value); });
    return found;
}

TEST(topic_tree, finds_filters_with_and_without_wildcards) {
    topic_tree<int> tree;
    tree.add("a/b", 1);
    tree.add("a/+", 2);
    tree.add("a/#", 3);
    tree.add("#", 4);
    tree.add("+/+", 5);
    tree.add("b", 6);
    EXPECT_EQ(tree.size(), 6U);
    EXPECT_THAT(matches(tree, "a/b"), UnorderedElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(matches(tree, "a"), UnorderedElementsAre(3, 4));
    EXPECT_THAT(matches(tree, "a/"), UnorderedElementsAre(2, 3, 4, 5));
    EXPECT_THAT(matches(tree, "a/b/c"), UnorderedElementsAre(3, 4));
}

TEST(topic_tree, a_parent_is_left_out_where_that_is_wanted) {
    topic_tree<int> tree;
    tree.add("a/#", 1);
    tree.add("+/#", 2);
    EXPECT_THAT(matches(tree, "a", false), IsEmpty());
    EXPECT_THAT(matches(tree, "a/b", false), UnorderedElementsAre(1, 2));
}

TEST(topic_tree, topics_with_a_dollar_are_not_for_wildcards_at_the_start) {
    topic_tree<int> tree;
    tree.add("#", 1);
    tree.add("+/x", 2);
    tree.add("$SYS/#", 3);
    tree.add("$SYS/+", 4);
    EXPECT_THAT(matches(tree, "$SYS/x"), UnorderedElementsAre(3, 4));
    EXPECT_THAT(matches(tree, "$SYS"), UnorderedElementsAre(3));
    EXPECT_THAT(matches(tree, "a/$SYS"), UnorderedElementsAre(1));
}

TEST(topic_tree, several_values_stand_at_one_filter_and_go_one_by_one) {
    topic_tree<int> tree;
    for (const auto* filter : {"a", "a/+/c"}) {
        for (const int value : {1, 2, 3}) {
            tree.add(filter, value);
        }
        EXPECT_TRUE(tree.remove(filter, 1));
        EXPECT_FALSE(tree.remove(filter, 1));
    }
    EXPECT_FALSE(tree.remove("b", 1));
    EXPECT_FALSE(tree.remove("a/+", 1));
    EXPECT_FALSE(tree.remove("a/+/c/#", 1));
    EXPECT_EQ(tree.size(), 4U);
    EXPECT_THAT(matches(tree, "a"), UnorderedElementsAre(2, 3));
    EXPECT_THAT(matches(tree, "a/b/c"), UnorderedElementsAre(2, 3));
}

TEST(topic_tree, a_filter_below_another_stays_when_that_one_goes) {
    topic_tree<int> tree;
    tree.add("a/+", 1);
    tree.add("a/+/#", 2);
    EXPECT_TRUE(tree.remove("a/+", 1));
    EXPECT_THAT(matches(tree, "a/b"), ElementsAre(2));
    EXPECT_TRUE(tree.remove("a/+/#", 2));
    EXPECT_THAT(matches(tree, "a/b"), IsEmpty());
}

std::string random_levels(std::mt19937& random, std::vector<const char*> words) {
    std::string text;
    const auto levels = 1 + random() % 4;
    for (unsigned i = 0; i < levels; ++i) {
        text += i == 0 ? "" : "/";
        text += words[random() % words.size()];
    }
    return text;
}

// topic_matches() is the oracle.
TEST(topic_tree, agrees_with_topic_matches_on_random_filters_and_topics) {
    std::mt19937 random(1);
    topic_tree<int> tree;
    std::vector<std::pair<std::string, int>> model;
    for (int step = 0; step < 4'000; ++step) {
        auto filter = random_levels(random, {"a", "b", "", "+", "$x", "a"});
        if (random() % 4 == 0) {
            filter += "/#";
        } else if (random() % 20 == 0) {
            filter = "#";
        }
        ASSERT_TRUE(check_topic_filter(filter) || filter.empty());
        if (filter.empty()) {
            continue;
        }
        if (model.size() < 40 || random() % 2 == 0) {
            model.emplace_back(filter, step);
            tree.add(filter, step);
        } else {
            const auto at = model.begin() + static_cast<std::ptrdiff_t>(random() % model.size());
            ASSERT_TRUE(tree.remove(at->first, at->second)) << at->first;
            model.erase(at);
        }
        ASSERT_EQ(tree.size(), model.size());
        const auto topic = random_levels(random, {"a", "b", "", "$x"});
        std::vector<int> expected;
        for (const auto& [each, value] : model) {
            if (!topic.empty() && topic_matches(each, topic)) {
                expected.push_back(value);
            }
        }
        if (!topic.empty()) {
            ASSERT_THAT(matches(tree, topic), UnorderedElementsAreArray(expected)) << topic;
        }
    }
}

}  // namespace
}  // namespace evergrass::mqtt
