#include "libs/mqtt/retained_store.hpp"

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

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

constexpr wall_time now{1'600'000'000s};

message_ptr message(std::string topic, std::string payload, std::string source = "s",
                    std::optional<wall_time> expires_at = {}) {
    auto made = std::make_shared<stored_message>();
    made->topic = std::move(topic);
    made->payload = std::make_shared<const std::string>(std::move(payload));
    made->source = std::move(source);
    made->expires_at = expires_at;
    return made;
}

std::vector<std::string> find(const retained_store& store, std::string_view filter,
                              bool hash_matches_parent = true, wall_time at = now) {
    std::vector<std::string> found;
    for (const auto& each : store.find(filter, hash_matches_parent, at)) {
        found.push_back(each->topic + "=" + *each->payload);
    }
    return found;
}

TEST(retained_store, keeps_the_last_message_of_each_topic) {
    retained_store store(10, 1'000, false);
    store.put(message("a", "1"), now);
    store.put(message("a", "2", "another"), now);
    store.put(message("a/b", "3"), now);
    EXPECT_THAT(find(store, "a"), ElementsAre("a=2"));
    EXPECT_EQ(store.size(), 2U);
    EXPECT_EQ(store.bytes(), 2U + 4U);
    EXPECT_TRUE(store.clear("anybody", "a"));
    EXPECT_FALSE(store.clear("anybody", "a"));
    EXPECT_THAT(find(store, "#"), ElementsAre("a/b=3"));
}

TEST(retained_store, keeps_the_last_of_each_source_where_that_is_wanted) {
    retained_store store(10, 1'000, true);
    store.put(message("a", "1", "x"), now);
    store.put(message("a", "2", "y"), now);
    store.put(message("a", "3", "y"), now);
    EXPECT_THAT(find(store, "a"), UnorderedElementsAre("a=1", "a=3"));
    EXPECT_FALSE(store.clear("z", "a"));
    EXPECT_TRUE(store.clear("x", "a"));
    EXPECT_THAT(find(store, "a"), ElementsAre("a=3"));
}

TEST(retained_store, filters_match_as_for_messages) {
    retained_store store(10, 1'000, false);
    for (const auto* topic : {"a", "a/b", "a/b/c", "/", "$SYS/x"}) {
        store.put(message(topic, ""), now);
    }
    EXPECT_THAT(find(store, "#"), UnorderedElementsAre("a=", "a/b=", "a/b/c=", "/="));
    EXPECT_THAT(find(store, "a/#"), UnorderedElementsAre("a=", "a/b=", "a/b/c="));
    EXPECT_THAT(find(store, "a/#", false), UnorderedElementsAre("a/b=", "a/b/c="));
    EXPECT_THAT(find(store, "+/+"), UnorderedElementsAre("a/b=", "/="));
    EXPECT_THAT(find(store, "+"), ElementsAre("a="));
    EXPECT_THAT(find(store, "$SYS/#"), ElementsAre("$SYS/x="));
    EXPECT_THAT(find(store, "a/b/c/d"), IsEmpty());
}

TEST(retained_store, expired_messages_are_not_found_and_make_room) {
    retained_store store(2, 1'000, false);
    store.put(message("a", "1", "s", now + 10s), now);
    store.put(message("b", "2"), now);
    EXPECT_EQ(store.put(message("c", "3"), now), retained_store::stored::full);
    EXPECT_THAT(find(store, "#", true, now + 10s), ElementsAre("b=2"));
    EXPECT_EQ(store.put(message("c", "3"), now + 10s), retained_store::stored::yes);
    EXPECT_THAT(find(store, "#", true, now + 10s), UnorderedElementsAre("b=2", "c=3"));
}

TEST(retained_store, what_is_there_stays_when_there_is_no_room_for_another) {
    retained_store store(10, 10, false);
    EXPECT_EQ(store.put(message("a", "123"), now), retained_store::stored::yes);
    EXPECT_EQ(store.put(message("b", "123456"), now), retained_store::stored::full);
    EXPECT_EQ(store.put(message("a", "1234567890"), now), retained_store::stored::full);
    EXPECT_THAT(find(store, "#"), ElementsAre("a=123"));
    EXPECT_EQ(store.bytes(), 4U);
    // Replaced, it makes room itself.
    EXPECT_EQ(store.put(message("a", "123456789"), now), retained_store::stored::yes);
    EXPECT_EQ(store.bytes(), 10U);
}

TEST(retained_store, nothing_changes_when_what_replaces_it_cannot_be_saved) {
    retained_store store(10, 100, false);
    store.put(message("a", "1"), now);
    const auto refuse = [] { return false; };
    EXPECT_EQ(store.put(message("a", "2", "another"), now, refuse),
              retained_store::stored::not_saved);
    EXPECT_EQ(store.put(message("b", "3"), now, refuse), retained_store::stored::not_saved);
    EXPECT_THAT(find(store, "#"), ElementsAre("a=1"));
    EXPECT_EQ(store.size(), 1U);
}

std::string random_levels(std::mt19937& random, std::vector<const char*> words) {
    std::string text;
    const auto levels = 1 + random() % 4;
    for (unsigned i = 0; i < levels; ++i) {
        text += i == 0 ? "" : "/";
        text += words[random() % words.size()];
    }
    return text.empty() ? "e" : text;
}

// topic_matches() is the oracle.
TEST(retained_store, agrees_with_a_map_on_random_topics_and_filters) {
    for (const bool by_source : {false, true}) {
        std::mt19937 random(by_source ? 1 : 2);
        retained_store store(1'000, 100'000, by_source);
        std::map<std::pair<std::string, std::string>, std::string> model;
        for (int step = 0; step < 4'000; ++step) {
            const auto topic = random_levels(random, {"a", "b", "", "$x"});
            const std::string source = random() % 2 == 0 ? "x" : "y";
            const std::pair key(topic, by_source ? source : "");
            if (random() % 3 == 0) {
                ASSERT_EQ(store.clear(source, topic), model.erase(key) > 0);
            } else {
                store.put(message(topic, std::to_string(step), source), now);
                model[key] = std::to_string(step);
            }
            auto filter = random_levels(random, {"a", "b", "", "+", "$x"});
            filter += random() % 3 == 0 ? "/#" : "";
            std::vector<std::string> expected;
            for (const auto& [at, payload] : model) {
                if (topic_matches(filter, at.first)) {
                    expected.push_back(at.first + "=" + payload);
                }
            }
            ASSERT_THAT(find(store, filter), UnorderedElementsAreArray(expected)) << filter;
            ASSERT_EQ(store.size(), model.size());
        }
        for (const auto& [at, payload] : std::exchange(model, {})) {
            store.clear(at.second, at.first);
        }
        EXPECT_EQ(store.bytes(), 0U);
    }
}

}  // namespace
}  // namespace evergrass::mqtt
