#include "libs/mqtt/retained_store.hpp"

#include "libs/mqtt/types.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::mqtt {
namespace {

using namespace std::chrono_literals;

const wall_time now = wall_time(1'800'000'000s);

message_ptr message(std::string topic, std::string payload, std::string source = "a",
                    std::optional<wall_time> expires_at = {}) {
    auto made = std::make_shared<stored_message>();
    made->topic = std::move(topic);
    made->payload = std::make_shared<const std::string>(std::move(payload));
    made->source = std::move(source);
    made->expires_at = expires_at;
    made->retain = true;
    return made;
}

std::vector<std::string> texts(const std::vector<message_ptr>& found) {
    std::vector<std::string> all;
    for (const auto& one : found) {
        all.push_back(one->topic + "=" + *one->payload);
    }
    std::sort(all.begin(), all.end());
    return all;
}

using list = std::vector<std::string>;

TEST(retained_store, the_last_message_of_a_topic_replaces_any) {
    retained_store store(10, 1'000, false);
    store.put(message("t", "1", "a"), now);
    store.put(message("t", "2", "b"), now);
    EXPECT_EQ(texts(store.find("t", true, now)), list{"t=2"});
    EXPECT_EQ(store.size(), 1u);
    EXPECT_TRUE(store.clear("c", "t"));
    EXPECT_FALSE(store.clear("c", "t"));
    EXPECT_EQ(store.size(), 0u);
    EXPECT_EQ(store.bytes(), 0u);
}

TEST(retained_store, by_source_each_source_has_its_own) {
    retained_store store(10, 1'000, true);
    store.put(message("t", "1", "a"), now);
    store.put(message("t", "2", "b"), now);
    store.put(message("t", "3", "b"), now);
    EXPECT_EQ(texts(store.find("t", true, now)), (list{"t=1", "t=3"}));
    EXPECT_FALSE(store.clear("c", "t"));
    EXPECT_TRUE(store.clear("a", "t"));
    EXPECT_EQ(texts(store.find("t", true, now)), list{"t=3"});
}

TEST(retained_store, filters_match_as_subscriptions_do) {
    retained_store store(10, 1'000, false);
    for (const auto* topic : {"a", "a/b", "a/b/c", "$x/b", "a/"}) {
        store.put(message(topic, ""), now);
    }
    EXPECT_EQ(texts(store.find("a/#", true, now)), (list{"a/=", "a/b/c=", "a/b=", "a="}));
    EXPECT_EQ(texts(store.find("a/#", false, now)), (list{"a/=", "a/b/c=", "a/b="}));
    EXPECT_EQ(texts(store.find("+/b", true, now)), list{"a/b="});
    EXPECT_EQ(texts(store.find("$x/#", true, now)), list{"$x/b="});
    EXPECT_EQ(store.find("#", true, now).size(), 4u) << "not those that begin with $";
}

TEST(retained_store, a_full_store_takes_no_more_but_makes_room_for_what_expired) {
    retained_store store(2, 1'000, false);
    EXPECT_EQ(store.put(message("1", "x", "a", now + 10s), now), retained_store::stored::yes);
    EXPECT_EQ(store.put(message("2", "x"), now), retained_store::stored::yes);
    EXPECT_EQ(store.put(message("3", "x"), now), retained_store::stored::full);
    EXPECT_EQ(store.put(message("2", "y"), now), retained_store::stored::yes) << "in its place";
    EXPECT_EQ(store.put(message("3", "x"), now + 10s), retained_store::stored::yes);
    EXPECT_EQ(texts(store.find("#", true, now + 10s)), (list{"2=y", "3=x"}));
    EXPECT_EQ(store.put(message("big", std::string(2'000, 'x')), now),
              retained_store::stored::full);
}

TEST(retained_store, what_was_replaced_or_cleared_makes_no_room_when_it_would_have_expired) {
    retained_store store(2, 1'000, true);
    store.put(message("t", "1", "a", now + 1s), now);
    store.put(message("t", "2", "a"), now);
    store.put(message("u", "1", "a", now + 1s), now);
    store.clear("a", "u");
    store.put(message("v", "1", "a", now + 2s), now);
    EXPECT_EQ(store.put(message("w", "1"), now + 1s), retained_store::stored::full);
    EXPECT_EQ(store.put(message("w", "1"), now + 2s), retained_store::stored::yes);
    EXPECT_EQ(texts(store.find("#", true, now + 2s)), (list{"t=2", "w=1"}));
    EXPECT_EQ(store.take_all().size(), 2u);
    EXPECT_EQ(store.put(message("x", "1"), now + 3s), retained_store::stored::yes);
    EXPECT_EQ(texts(store.find("#", true, now + 3s)), list{"x=1"});
}

TEST(retained_store, what_has_expired_is_not_found) {
    retained_store store(10, 1'000, false);
    store.put(message("t", "x", "a", now + 10s), now);
    EXPECT_EQ(store.find("t", true, now + 9s).size(), 1u);
    EXPECT_EQ(store.find("t", true, now + 10s).size(), 0u);
}

TEST(retained_store, all_can_be_taken_out_those_of_the_brokers_own_topics_too) {
    retained_store store(10, 1'000, false);
    store.put(message("a/b", "1"), now);
    store.put(message("$x", "2"), now);
    EXPECT_EQ(texts(store.take_all()), (list{"$x=2", "a/b=1"}));
    EXPECT_EQ(store.size(), 0u);
    EXPECT_EQ(store.bytes(), 0u);
    EXPECT_TRUE(store.take_all().empty());
    store.put(message("a/b", "3"), now);
    EXPECT_EQ(texts(store.find("a/#", true, now)), list{"a/b=3"});
}

TEST(retained_store, what_is_there_stays_when_there_is_no_room_for_another) {
    retained_store store(10, 10, false);
    EXPECT_EQ(store.put(message("a", "123"), now), retained_store::stored::yes);
    EXPECT_EQ(store.put(message("b", "123456"), now), retained_store::stored::full);
    EXPECT_EQ(store.put(message("a", "1234567890"), now), retained_store::stored::full);
    EXPECT_EQ(texts(store.find("#", true, now)), list{"a=123"});
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
    EXPECT_EQ(texts(store.find("#", true, now)), list{"a=1"});
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
            list expected;
            for (const auto& [at, payload] : model) {
                if (topic_matches(filter, at.first)) {
                    expected.push_back(at.first + "=" + payload);
                }
            }
            std::sort(expected.begin(), expected.end());
            ASSERT_EQ(texts(store.find(filter, true, now)), expected) << filter;
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
