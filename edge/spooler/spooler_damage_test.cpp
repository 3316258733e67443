#include "edge/spooler/spool_record.hpp"
#include "edge/spooler/test_spooled.hpp"
#include "libs/base/errors.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/segment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

// What a spooler makes of files that a disk or a hand has damaged, by the name of the damage.
namespace evergrass::edge {
namespace {

using log_store::testing::fault;
using testing::from_to;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::spooled;
using loss = spooler::loss;

class spooler_damage : public ::testing::Test {
protected:
    // Messages 1000 to 1000 + count - 1, each saved by itself; the process ends then.
    void write(int count, std::size_t more = 1000) {
        ASSERT_TRUE(s.open());
        for (int n = 1000; n < 1000 + count; ++n) {
            ASSERT_TRUE(s.push(n, more));
            s.until([&] { return s.acknowledged.contains(n); });
        }
        s.queue->stop();
        s.forget();
    }
    // 1 to 100 are saved; 101 to 200 come while the disk takes nothing, and push most of them out.
    void overflow_on_a_full_disk() {
        s.settings.max_bytes = spool_settings::least_bytes;
        ASSERT_TRUE(s.open());
        for (int n = 1; n <= 100; ++n) {
            ASSERT_TRUE(s.push(n, 2000));
        }
        s.until([&] { return s.acknowledged.size() == 100; });
        s.disk.set_capacity(1);
        for (int n = 101; n <= 200; ++n) {
            ASSERT_TRUE(s.push(n, 2000));
        }
    }
    std::vector<std::string> segments() { return s.disk.files("/spool/messages"); }
    void flip(const std::string& path, std::size_t at) { s.disk.flip(path, at); }
    std::vector<int> found() {
        EXPECT_TRUE(s.open());
        const auto got = s.drain();
        EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
        return got;
    }

    spooled s;
};

TEST_F(spooler_damage, torn_tail_costs_what_it_tore) {
    write(6, 50);
    const auto path = segments().at(0);
    const auto whole = s.disk.content(path);
    for (auto size = whole.size() - 1; size > log_store::segment_header_bytes; size -= 3) {
        s.disk.replace(path, whole.substr(0, size));
        const auto got = found();
        ASSERT_EQ(got, from_to(1000, 999 + static_cast<int>(got.size()))) << size;
        ASSERT_LT(got.size(), 6U);
        ASSERT_TRUE(s.push(7));  // and it goes on
        ASSERT_EQ(s.drain(), from_to(7, 7));
        s.forget();
        for (const auto& other : segments()) {
            s.disk.erase(other);
        }
    }
}

TEST_F(spooler_damage, flipped_byte_costs_one_message_which_is_counted) {
    write(10);
    const auto path = segments().at(0);
    flip(path, s.disk.content(path).size() / 2);
    const auto got = found();
    EXPECT_EQ(got.size(), 9U);
    EXPECT_EQ(s.queue->numbers().damaged, 1U);
    EXPECT_EQ(s.lost_as(loss::damaged), 1U);
}

TEST_F(spooler_damage, flipped_byte_while_it_runs_costs_one_message_which_is_counted) {
    s.limits.memory_bytes = 4 * 1024;  // the rest is read later
    write(30);
    ASSERT_TRUE(s.open());
    const auto path = segments().at(0);
    flip(path, s.disk.content(path).size() / 2);
    flip(path, s.disk.content(path).size() - 300);  // the last one
    EXPECT_EQ(s.drain().size(), 28U);
    EXPECT_EQ(s.queue->numbers().damaged, 2U);
    EXPECT_EQ(s.lost_as(loss::damaged), 2U);
    ASSERT_TRUE(s.push(1, 5000));
    EXPECT_EQ(s.drain(), from_to(1, 1));
}

TEST_F(spooler_damage, missing_segment_costs_its_messages_which_are_counted) {
    write(600);
    ASSERT_GE(segments().size(), 3U);
    s.disk.erase(segments().at(1));
    const auto got = found();
    EXPECT_EQ(got.front(), 1000);
    EXPECT_EQ(got.back(), 1599);
    EXPECT_EQ(got.size() + s.queue->numbers().damaged, 600U);
    EXPECT_EQ(s.lost_as(loss::damaged), s.queue->numbers().damaged);
    EXPECT_GT(s.queue->numbers().damaged, 0U);
}

TEST_F(spooler_damage, missing_segment_while_it_runs_costs_its_messages_which_are_counted) {
    s.limits.memory_bytes = 4 * 1024;
    write(600);
    ASSERT_TRUE(s.open());
    const auto path = segments().at(1);
    s.disk.replace(path, s.disk.content(path).substr(0, log_store::segment_header_bytes));
    const auto got = s.drain();
    EXPECT_EQ(got.size() + s.queue->numbers().damaged, 600U);
    EXPECT_EQ(got.back(), 1599);
}

TEST_F(spooler_damage, all_files_missing_is_an_empty_queue) {
    write(10);
    for (const auto& path : segments()) {
        s.disk.erase(path);
    }
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(spooler_damage, record_that_is_none_is_counted_and_passed_over) {
    {
        auto store = log_store::log::open(s.disk, "/spool/messages").value();
        const auto record = [](std::string_view topic, std::string_view payload) {
            return spool_record_head(wall_time(), topic, 0).append(topic).append(payload);
        };
        ASSERT_TRUE(store.append(record("t", "1:")));
        ASSERT_TRUE(store.append("\x01 no record"));
        ASSERT_TRUE(store.append(record("a/#", "2:")));
        ASSERT_TRUE(store.append(""));
        ASSERT_TRUE(store.append(record("t", "3:")));
        ASSERT_TRUE(store.sync());
    }
    EXPECT_EQ(found(), std::vector<int>({1, 3}));
    EXPECT_EQ(s.queue->numbers().damaged, 3U);
}

TEST_F(spooler_damage, record_of_a_later_version_is_left_alone_and_messages_wait_in_memory) {
    {
        auto store = log_store::log::open(s.disk, "/spool/messages").value();
        ASSERT_TRUE(store.append("\x03 of tomorrow"));
        ASSERT_TRUE(store.sync());
    }
    const auto before = s.disk.content(segments().at(0));
    const auto opened = s.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unsupported);
    EXPECT_THAT(opened.error().message(), HasSubstr("/spool/messages"));
    ASSERT_TRUE(s.push(1));
    s.io.restart();
    s.io.poll();
    EXPECT_THAT(s.acknowledged, IsEmpty());
    EXPECT_TRUE(s.queue->numbers().disk_error);
    EXPECT_EQ(s.drain(), from_to(1, 1));
    EXPECT_EQ(s.acknowledged.size(), 1U);  // the cloud has it
    EXPECT_FALSE(s.queue->use(s.settings));
    s.forget();
    EXPECT_EQ(s.disk.content(segments().at(0)), before);
}

TEST_F(spooler_damage, full_disk_at_each_write_loses_nothing_that_was_acknowledged) {
    for (std::uint64_t nth = 1; nth <= 60; nth += 4) {
        for (const auto count : {1U, 3U, 1000U}) {
            spooled full(nth);
            ASSERT_TRUE(full.open());
            full.disk.inject(fault::disk_full, nth, count);
            for (int n = 1; n <= 40; ++n) {
                ASSERT_TRUE(full.push(n, 4000));
                if (n % 4 == 0 && count < 1000) {
                    full.until([&] { return full.acknowledged.contains(n); });
                    full.queue->done(full.queue->next()->number);
                }
            }
            full.io.restart();
            full.io.poll();
            const auto safe = full.acknowledged;
            const auto sent = count < 1000 ? 10 : 0;
            full.disk.restart();  // the power goes
            full.forget();
            ASSERT_TRUE(full.open());
            const auto got = full.drain();
            const std::set<int> left(got.begin(), got.end());
            for (const auto n : safe) {
                ASSERT_TRUE(n <= sent || left.contains(n)) << nth << ": message " << n;
            }
            ASSERT_EQ(full.queue->numbers().damaged, 0U);
        }
    }
}

TEST_F(spooler_damage, full_disk_does_not_keep_messages_from_the_cloud) {
    ASSERT_TRUE(s.open());
    s.disk.inject_at_next("append", fault::disk_full, 1'000'000);
    s.disk.inject_at_next("create", fault::disk_full, 1'000'000);
    for (int n = 1; n <= 100; ++n) {
        ASSERT_TRUE(s.push(n, 1000));
    }
    s.until([&] { return s.queue->numbers().disk_error.has_value(); });
    EXPECT_THAT(s.acknowledged, IsEmpty());
    EXPECT_EQ(s.drain(), from_to(1, 100));
    EXPECT_EQ(s.acknowledged.size(), 100U);
}

TEST_F(spooler_damage, full_disk_is_taken_again_when_there_is_room) {
    ASSERT_TRUE(s.open());
    s.disk.set_capacity(1000);
    for (int n = 1; n <= 50; ++n) {
        ASSERT_TRUE(s.push(n, 1000));
    }
    s.until([&] { return s.queue->numbers().disk_error.has_value(); });
    s.disk.set_capacity(0);
    s.until([&] { return s.acknowledged.size() == 50; });
    EXPECT_FALSE(s.queue->numbers().disk_error);
    s.disk.restart();
    s.forget();
    EXPECT_EQ(found(), from_to(1, 50));
}

// What docs/link.md says of both at once: while the disk takes nothing it is not told what gave
// way.
TEST_F(spooler_damage, full_disk_and_a_kill_bring_back_what_gave_way_behind_newer_ones) {
    overflow_on_a_full_disk();
    const auto gave_way = static_cast<int>(s.lost_as(loss::overwritten));
    ASSERT_GT(gave_way, 50);
    EXPECT_EQ(s.drain(), from_to(gave_way + 1, 200));
    s.forget();
    s.disk.set_capacity(0);
    const auto back = found();
    ASSERT_FALSE(back.empty());
    EXPECT_EQ(back, from_to(back.front(), 100));
    EXPECT_LE(back.front(), gave_way);
    EXPECT_GT(back.front(), gave_way - 9);  // whole segments, of eight messages, went all the same
}

// The same without a kill: what the disk could not be told it is told when it takes something
// again.
TEST_F(spooler_damage, full_disk_is_told_of_what_gave_way_when_there_is_room) {
    overflow_on_a_full_disk();
    s.until([&] { return s.queue->numbers().disk_error.has_value(); });
    const auto gave_way = static_cast<int>(s.lost_as(loss::overwritten));
    ASSERT_GT(gave_way, 50);
    s.disk.set_capacity(0);
    s.until([&] { return s.acknowledged.size() == 200; });
    s.forget();
    EXPECT_EQ(found(), from_to(gave_way + 1, 200));
}

TEST_F(spooler_damage, read_only_remount_holds_receipts_until_the_cloud_has_the_messages) {
    write(3);
    ASSERT_TRUE(s.open());
    s.disk.inject(fault::read_only, s.disk.operations() + 1, 1'000'000);
    s.acknowledged.clear();
    for (int n = 1; n <= 3; ++n) {
        ASSERT_TRUE(s.push(n));
    }
    s.until([&] { return s.queue->numbers().disk_error.has_value(); });
    EXPECT_THAT(*s.queue->numbers().disk_error, HasSubstr("read-only"));
    EXPECT_THAT(s.acknowledged, IsEmpty());
    EXPECT_EQ(s.drain(), std::vector<int>({1000, 1001, 1002, 1, 2, 3}));
    EXPECT_EQ(s.acknowledged.size(), 3U);
    s.queue->stop();  // does not hang
}

TEST_F(spooler_damage, read_only_from_the_start_is_told_and_messages_go_through_memory) {
    s.disk.inject(fault::read_only, 1, 1'000'000);
    (void)s.open();
    ASSERT_TRUE(s.push(1));
    EXPECT_EQ(s.drain(), from_to(1, 1));
    EXPECT_EQ(s.acknowledged.size(), 1U);
}

}  // namespace
}  // namespace evergrass::edge
