#include "edge/spooler/spool_queue.hpp"

#include "edge/spooler/spool_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

spool_queue::entry in_memory(const std::string& text) {
    spool_queue::entry e;
    e.bytes = static_cast<std::uint32_t>(text.size() + 1);
    e.held = std::make_unique<spool_queue::content>(
        spool_queue::content{"t", std::make_shared<const std::string>(text)});
    return e;
}

spool_queue::entry in_log(std::uint64_t saved_as) {
    spool_queue::entry e;
    e.saved_as = saved_as;
    e.bytes = 10;
    return e;
}

log_store::record record_of(std::uint64_t number, const std::string& text) {
    return {number, spool_record_head({}, "t", 0) + "t" + text};
}

std::string taken(spool_queue& queue) {
    const auto message = queue.take();
    return message ? *message->payload : "none";
}

TEST(spool_queue, gives_in_order_and_what_was_put_back_again) {
    spool_queue queue(100);
    queue.push(in_memory("a"));
    queue.push(in_memory("b"));
    EXPECT_EQ(taken(queue), "a");
    EXPECT_TRUE(queue.front_is_taken());
    queue.put_back();
    EXPECT_FALSE(queue.front_is_taken());
    queue.put_back();  // nothing is taken
    EXPECT_EQ(taken(queue), "a");
    EXPECT_EQ(taken(queue), "b");
    EXPECT_EQ(taken(queue), "none");
    EXPECT_EQ(queue.bytes(), 4U);
    EXPECT_FALSE(queue.wants_from()) << "nobody waits for the log";
}

TEST(spool_queue, what_gives_way_is_not_given) {
    spool_queue queue(100);
    queue.push(in_memory("a"));
    queue.push(in_memory("b"));
    queue.pop_front();
    EXPECT_FALSE(queue.has(1));
    EXPECT_EQ(taken(queue), "b");
    queue.pop_front();
    queue.put_back();
    EXPECT_EQ(taken(queue), "none");
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST(spool_queue, what_is_in_the_log_alone_is_read_when_its_turn_comes) {
    spool_queue queue(100);
    queue.push(in_log(7));
    queue.push(in_log(8));
    queue.push(in_log(9));
    EXPECT_EQ(taken(queue), "none");
    EXPECT_EQ(queue.wants_from(), 7U);
    const auto first = queue.fill(7, 9, {record_of(7, "a"), record_of(8, "b")});
    EXPECT_TRUE(first.ready);
    EXPECT_THAT(first.lost, IsEmpty());
    EXPECT_EQ(queue.wants_from(), 9U);
    EXPECT_FALSE(queue.fill(9, 9, {record_of(9, "c")}).ready) << "nobody waited for it";
    EXPECT_EQ(taken(queue) + taken(queue) + taken(queue), "abc");
    EXPECT_FALSE(queue.wants_from());
}

TEST(spool_queue, half_of_the_memory_is_filled_and_more_when_somebody_waits) {
    spool_queue queue(19);
    queue.push(in_log(1));
    queue.push(in_log(2));
    (void)queue.fill(1, 2, {record_of(1, "a")});
    EXPECT_FALSE(queue.wants_from()) << "10 of 19 bytes are held";
    EXPECT_EQ(taken(queue), "a");
    EXPECT_FALSE(queue.wants_from());
    EXPECT_EQ(taken(queue), "none");
    EXPECT_EQ(queue.wants_from(), 2U);
}

TEST(spool_queue, a_message_of_the_log_is_not_held_before_older_ones) {
    spool_queue queue(100);
    EXPECT_TRUE(queue.has_memory_for(100));
    EXPECT_FALSE(queue.has_memory_for(101));
    queue.push(in_log(1));
    EXPECT_FALSE(queue.has_memory_for(1));
    EXPECT_FALSE(queue.is_all_held());
    queue.push(in_memory("b"));  // the disk did not take it
    EXPECT_EQ(taken(queue), "none") << "not b before a";
    (void)queue.fill(1, 1, {record_of(1, "a")});
    EXPECT_EQ(taken(queue) + taken(queue), "ab");
    EXPECT_FALSE(queue.wants_from());
    EXPECT_TRUE(queue.is_all_held());
}

TEST(spool_queue, a_record_that_is_missing_or_none_is_lost_and_the_others_go_on) {
    spool_queue queue(100);
    for (std::uint64_t n = 1; n <= 4; ++n) {
        queue.push(in_log(n));
    }
    EXPECT_EQ(taken(queue), "none");
    const auto filled = queue.fill(1, 4, {record_of(1, "a"), {3, "junk"}, record_of(4, "d")});
    EXPECT_THAT(filled.lost, ElementsAre(2U, 3U));
    EXPECT_TRUE(filled.ready);
    EXPECT_EQ(taken(queue) + taken(queue) + taken(queue), "adnone");
    queue.note_done(1);
    for (int n = 1; n <= 3; ++n) {
        ASSERT_TRUE(queue.front_is_done());
        queue.pop_front();
    }
    EXPECT_FALSE(queue.front_is_done());
    EXPECT_EQ(queue.first(), 4U);
}

TEST(spool_queue, a_read_that_found_nothing_loses_what_was_there_and_nothing_that_came_later) {
    spool_queue queue(100);
    queue.push(in_log(1));
    queue.push(in_log(2));
    EXPECT_EQ(queue.wants_from(), 1U);
    queue.push(in_log(3));  // after the read was asked for
    EXPECT_THAT(queue.fill(1, 2, {}).lost, ElementsAre(1U, 2U));
    EXPECT_EQ(queue.wants_from(), 3U);
}

TEST(spool_queue, what_gives_way_while_it_is_read_is_passed_over) {
    spool_queue queue(100);
    queue.push(in_log(1));
    queue.push(in_log(2));
    EXPECT_EQ(queue.wants_from(), 1U);
    queue.pop_front();
    EXPECT_THAT(queue.fill(1, 2, {record_of(1, "a"), record_of(2, "b")}).lost, IsEmpty());
    EXPECT_EQ(taken(queue), "b");
}

TEST(spool_queue, knows_what_is_in_the_log) {
    spool_queue queue(100);
    EXPECT_EQ(queue.oldest_saved(), UINT64_MAX);
    EXPECT_TRUE(queue.is_in_order());
    queue.push(in_memory("a"));
    EXPECT_EQ(queue.oldest_saved(), UINT64_MAX);
    queue.push(in_log(5));
    EXPECT_EQ(queue.oldest_saved(), 5U);
    EXPECT_EQ(queue.unsaved(), 1U);
    EXPECT_FALSE(queue.is_in_order());
    queue.note_saved(1, 4);
    EXPECT_EQ(queue.oldest_saved(), 4U);
    EXPECT_EQ(queue.unsaved(), 0U);
    EXPECT_TRUE(queue.is_in_order());
}

}  // namespace
}  // namespace evergrass::edge
