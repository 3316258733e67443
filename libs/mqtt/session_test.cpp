#include "libs/mqtt/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace evergrass::mqtt {
namespace {

using ::testing::ElementsAre;

void push(session& into, std::uint64_t order, std::uint32_t bytes = 1) {
    outgoing next;
    next.order = order;
    next.packet_id = session::packet_id_of(order);
    next.bytes = bytes;
    into.push(std::move(next));
}

TEST(session, identifiers_go_with_the_order_and_are_never_zero) {
    EXPECT_EQ(session::packet_id_of(1), 2);
    EXPECT_EQ(session::packet_id_of(65'534), 65'535);
    EXPECT_EQ(session::packet_id_of(65'535), 1);
    EXPECT_EQ(session::packet_id_of(65'536), 2);
    session s;
    EXPECT_EQ(s.take_order(), 1U);
    EXPECT_EQ(s.take_order(), 2U);  // the first was not used after all
}

TEST(session, an_identifier_that_is_in_use_is_passed_over) {
    session s;
    for (int i = 0; i < 5; ++i) {
        push(s, s.take_order());
    }
    s.erase(s.queue.begin() + 2);  // 3 is free
    s.last_order = 65'535;
    EXPECT_EQ(s.take_order(), 65'535U + 3);
    EXPECT_EQ(s.take_order(), 65'535U + 6);
    s.last_order = 10ULL * 65'535;
    EXPECT_EQ(s.take_order(), 10ULL * 65'535 + 3);
}

TEST(session, all_65535_identifiers_can_be_used_and_no_more) {
    session s;
    std::set<std::uint16_t> used;
    for (int i = 0; i < 65'535; ++i) {
        push(s, s.take_order());
        used.insert(s.queue.back().packet_id);
    }
    EXPECT_EQ(used.size(), 65'535U);
    EXPECT_EQ(s.queue.size(), session::max_queued);
    const auto freed = s.queue[1'000].packet_id;
    s.erase(s.queue.begin() + 1'000);
    EXPECT_EQ(session::packet_id_of(s.take_order()), freed);
}

// A client that never acknowledges one message must not make each later one dearer.
TEST(session, the_first_message_may_stay_for_ever) {
    session s;
    push(s, s.take_order());
    s.last_order = 1ULL << 40U;
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_NE(session::packet_id_of(s.take_order()), s.queue.front().packet_id);
    }
}

TEST(session, books_are_kept_when_messages_go) {
    session s;
    for (int i = 0; i < 6; ++i) {
        push(s, s.take_order(), 10);
    }
    s.sent = 4;
    s.inflight = 2;
    EXPECT_EQ(s.find_sent(session::packet_id_of(4)) - s.queue.begin(), 3);
    EXPECT_EQ(s.find_sent(session::packet_id_of(5)), s.queue.end());
    EXPECT_EQ(s.find_order(6) - s.queue.begin(), 5);
    EXPECT_EQ(s.find_order(7), s.queue.end());
    s.erase(s.queue.begin());      // under way
    s.erase(s.queue.begin() + 2);  // sent before
    s.erase(s.queue.begin() + 3);  // waits
    EXPECT_EQ(s.sent, 2U);
    EXPECT_EQ(s.inflight, 1U);
    EXPECT_EQ(s.queued_bytes, 30U);
}

TEST(session, filters_that_match_are_taken_together) {
    session s;
    s.info.id = "me";
    s.subscriptions["a/+"] = {{qos::at_least_once, false, true}, 1};
    s.subscriptions["a/b"] = {{qos::exactly_once, true, false}, 2};
    s.subscriptions["a/#"] = {{}, 0};
    s.subscriptions["$share/g/a/b"] = {{}, 3};
    s.subscriptions["c/#"] = {{}, 4};
    const auto all = match_own(s, "a/b", "other", true);
    ASSERT_TRUE(all);
    EXPECT_EQ(all->options.level, qos::exactly_once);
    EXPECT_TRUE(all->options.retain_as_published);
    EXPECT_THAT(*all->ids, ::testing::UnorderedElementsAre(1, 2));
    const auto mine = match_own(s, "a/b", "me", true);
    ASSERT_TRUE(mine);
    EXPECT_EQ(mine->options.level, qos::at_least_once);
    EXPECT_THAT(*mine->ids, ElementsAre(1));
    EXPECT_TRUE(match_own(s, "c", "other", true));
    EXPECT_FALSE(match_own(s, "c", "other", false));
    EXPECT_TRUE(match_own(s, "c/d", "other", false));
    EXPECT_FALSE(match_own(s, "d", "other", true));
}

}  // namespace
}  // namespace evergrass::mqtt
