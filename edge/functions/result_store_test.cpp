#include "edge/functions/result_store.hpp"

#include <gtest/gtest.h>

namespace evergrass::edge::functions {
namespace {

using namespace std::chrono_literals;

const mono_time start{1h};

TEST(result_store, wakes_who_waits_when_the_result_is_there) {
    result_store store(1000);
    store.expect("a", "owner", 1, 10s);
    int woken = 0;
    store.find("a", "owner")->wake = [&] { ++woken; };
    store.complete("a", {outcome_kind::handled, "x"}, start);
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(store.find("a", "owner")->result.body, "x");
    store.erase("a");
    EXPECT_EQ(store.find("a", "owner"), nullptr);
    EXPECT_EQ(woken, 1);
}

TEST(result_store, shows_a_result_to_its_owner_only) {
    result_store store(1000);
    store.expect("a", "owner", 1, 10s);
    EXPECT_EQ(store.find("a", "other"), nullptr);
    EXPECT_EQ(store.find("b", "owner"), nullptr);
}

TEST(result_store, keeps_an_unread_result_for_its_time) {
    result_store store(1000);
    store.expect("a", "owner", 1, 10s);
    store.complete("a", {}, start);
    store.tick(start + 9s);
    EXPECT_EQ(store.size(), 1U);
    store.tick(start + 10s);
    EXPECT_EQ(store.size(), 0U);
}

TEST(result_store, drops_the_oldest_unread_results_beyond_its_bytes) {
    result_store store(10);
    for (const char* id : {"a", "b", "c"}) {
        store.expect(id, "owner", 1, 10s);
        store.complete(id, {outcome_kind::success, "12345"}, start);
    }
    EXPECT_EQ(store.find("a", "owner"), nullptr);
    EXPECT_NE(store.find("b", "owner"), nullptr);
    EXPECT_NE(store.find("c", "owner"), nullptr);
}

TEST(result_store, forgets_and_wakes_what_an_ended_worker_waited_for) {
    result_store store(10);
    store.expect("a", "owner", 1, 10s);
    store.expect("b", "owner", 2, 10s);
    bool woken = false;
    store.find("a", "owner")->wake = [&] { woken = true; };
    store.forget(1);
    EXPECT_TRUE(woken);
    EXPECT_EQ(store.size(), 1U);
}

TEST(result_store, ignores_a_result_that_nobody_expects_and_a_second_one) {
    result_store store(100);
    store.complete("a", {outcome_kind::success, "x"}, start);
    EXPECT_EQ(store.size(), 0U);
    store.expect("a", "owner", 1, 10s);
    store.complete("a", {outcome_kind::success, "first"}, start);
    store.complete("a", {outcome_kind::success, "second"}, start);
    EXPECT_EQ(store.find("a", "owner")->result.body, "first");
}

}  // namespace
}  // namespace evergrass::edge::functions
