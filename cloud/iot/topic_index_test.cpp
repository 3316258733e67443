#include "cloud/iot/topic_index.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

using mqtt::qos;

std::vector<topic_index::subscriber> who(const topic_index& index, std::string_view topic) {
    std::vector<topic_index::subscriber> found;
    for (const auto& each : index.find(topic)) {
        found.push_back(each.who);
    }
    return found;
}

using list = std::vector<topic_index::subscriber>;

TEST(topic_index, plus_matches_exactly_one_level) {
    topic_index index;
    index.add("a/+/c", 1, qos::at_most_once);
    EXPECT_EQ(who(index, "a/b/c"), list{1});
    EXPECT_EQ(who(index, "a//c"), list{1});
    EXPECT_EQ(who(index, "a/c"), list{});
    EXPECT_EQ(who(index, "a/b/b/c"), list{});
}

TEST(topic_index, hash_matches_all_levels_below_but_not_the_parent_as_at_aws) {
    topic_index index;
    index.add("a/#", 1, qos::at_most_once);
    EXPECT_EQ(who(index, "a/b"), list{1});
    EXPECT_EQ(who(index, "a/b/c/d"), list{1});
    EXPECT_EQ(who(index, "a/"), list{1});
    EXPECT_EQ(who(index, "a"), list{});
}

TEST(topic_index, leading_wildcards_do_not_match_reserved_topics) {
    topic_index index;
    index.add("#", 1, qos::at_most_once);
    index.add("+/x", 2, qos::at_most_once);
    index.add("$aws/#", 3, qos::at_most_once);
    EXPECT_EQ(who(index, "$aws/x"), list{3});
    EXPECT_EQ(who(index, "b/x"), (list{1, 2}));
}

TEST(topic_index, a_subscriber_of_several_matching_filters_is_found_once_at_the_highest_level) {
    topic_index index;
    index.add("a/b", 1, qos::at_most_once);
    index.add("a/+", 1, qos::at_least_once);
    index.add("#", 1, qos::at_most_once);
    const auto found = index.find("a/b");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].level, qos::at_least_once);
}

TEST(topic_index, a_removed_filter_matches_no_more_and_leaves_the_others) {
    topic_index index;
    index.add("a/b", 1, qos::at_most_once);
    index.add("a/b/c", 2, qos::at_most_once);
    index.add("a/b", 3, qos::at_most_once);
    index.remove("a/b", 1);
    index.remove("a/b", 7);
    index.remove("x/y", 1);
    EXPECT_EQ(who(index, "a/b"), list{3});
    EXPECT_EQ(who(index, "a/b/c"), list{2});
    index.remove("a/b/c", 2);
    EXPECT_EQ(who(index, "a/b/c"), list{});
    EXPECT_EQ(who(index, "a/b"), list{3});
}

TEST(topic_index, a_second_subscription_to_a_filter_replaces_the_level) {
    topic_index index;
    index.add("a", 1, qos::at_least_once);
    index.add("a", 1, qos::at_most_once);
    EXPECT_EQ(index.find("a").at(0).level, qos::at_most_once);
}

TEST(topic_index, a_topic_of_many_levels_is_looked_up) {
    topic_index index;
    index.add("#", 1, qos::at_most_once);
    EXPECT_EQ(who(index, std::string(127, '/')), list{1});
}

}  // namespace
}  // namespace evergrass::cloud
