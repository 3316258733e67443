#include "edge/spooler/spool_log.hpp"

#include "edge/spooler/spool_record.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A log, and the queue whose messages it has.
class spool_log_of : public ::testing::Test {
protected:
    spool_log_of() {
        auto store = log_store::log::open(disk, "/log");
        EXPECT_TRUE(store);
        log.emplace(std::move(*store), 0, log_store::group_committer::handlers{nullptr, nullptr},
                    log_store::group_committer::settings{});
    }
    void push(const std::string& text) {
        spool_queue::entry e;
        e.bytes = static_cast<std::uint32_t>(text.size() + 1);
        e.held = std::make_unique<spool_queue::content>(
            spool_queue::content{"t", std::make_shared<const std::string>(text)});
        e.saved_as = log->append({}, *e.held, gave_way, queue).value();
        queue.push(std::move(e));
    }
    void deliver() {
        log->note_gone(queue.at(queue.first()).bytes);
        queue.pop_front();
    }
    void give_way() {
        ++gave_way;
        deliver();
    }
    bool catch_up() { return log->catch_up(gave_way, {}, queue).has_value(); }
    // Payload and count of each record that is left, "#N" of those that are no message.
    std::vector<std::string> left() {
        EXPECT_TRUE(log->flush_and_stop());
        log.reset();
        std::vector<std::string> texts;
        const auto store = log_store::log::open(disk, "/log");
        EXPECT_TRUE(store->for_each(store->first(), [&](std::uint64_t, std::string_view bytes) {
            const auto found = read_spool_record(bytes).record;
            texts.push_back(std::string(found->payload).substr(0, 1) + "#" +
                            std::to_string(found->gave_way));
        }));
        return texts;
    }

    log_store::testing::crashing_file_system disk;
    spool_queue queue{1024 * 1024};
    std::optional<spool_log> log;
    std::uint64_t gave_way = 0;
};

TEST_F(spool_log_of, is_told_what_it_need_not_keep) {
    push("a");
    push("b");
    push("c");
    EXPECT_FALSE(log->is_behind(0));
    deliver();
    deliver();
    EXPECT_TRUE(log->is_behind(0));
    EXPECT_EQ(log->unremoved_bytes(), 4U);
    EXPECT_TRUE(catch_up());
    EXPECT_FALSE(log->is_behind(0));
    EXPECT_THAT(left(), ElementsAre("c#0"));
}

TEST_F(spool_log_of, the_next_message_brings_the_count_and_the_removal) {
    push("a");
    push("b");
    give_way();
    EXPECT_TRUE(log->is_behind(gave_way));
    push("c");
    EXPECT_FALSE(log->is_behind(gave_way));
    EXPECT_EQ(log->unremoved_bytes(), 0U);
    EXPECT_THAT(left(), ElementsAre("b#0", "c#1"));
}

TEST_F(spool_log_of, a_count_that_no_message_brings_gets_a_record_of_its_own) {
    push("a");
    push("b");
    give_way();
    EXPECT_TRUE(catch_up());
    EXPECT_THAT(left(), ElementsAre("b#0", "#1"));
}

TEST_F(spool_log_of, the_count_outlives_the_last_message) {
    push("a");
    give_way();
    push("b");
    deliver();
    EXPECT_TRUE(catch_up());
    EXPECT_THAT(left(), ElementsAre("#1"));
}

TEST_F(spool_log_of, nothing_is_left_where_nothing_gave_way) {
    push("a");
    deliver();
    EXPECT_TRUE(catch_up());
    EXPECT_THAT(left(), IsEmpty());
}

TEST_F(spool_log_of, files_without_a_message_are_made_small_again) {
    push(std::string(100 * 1024, 'a'));
    give_way();
    push(std::string(100 * 1024, 'b'));
    deliver();
    EXPECT_TRUE(catch_up());
    EXPECT_EQ(log->newest(), 3U);
    EXPECT_THAT(left(), ElementsAre("#1"));
    EXPECT_LT(disk.bytes_in("/log"), 1024U);
}

TEST_F(spool_log_of, after_a_failure_the_count_is_told_again) {
    push("a");
    log->note_failure();
    EXPECT_TRUE(log->is_behind(0));
    EXPECT_NE(log->unremoved_bytes(), 0U) << "what a rewrite would have removed may be there yet";
    EXPECT_TRUE(catch_up());
    EXPECT_FALSE(log->is_behind(0));
    EXPECT_THAT(left(), ElementsAre("a#0", "#0"));
}

}  // namespace
}  // namespace evergrass::edge
