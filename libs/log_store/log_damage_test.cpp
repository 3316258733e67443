#include "libs/base/errors.hpp"
#include "libs/log_store/crc32c.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace evergrass::log_store {
namespace {

using ::testing::AllOf;
using testing::crashing_file_system;
using ::testing::ElementsAre;
using testing::fault;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string record_of(sequence number) {
    return "record " + std::to_string(number) + " " + std::string(1000, 'x');
}

class log_damage : public ::testing::Test {
protected:
    log opened() { return log::open(disk_, "/log", settings_).value(); }

    // `saves` times `count` records; closed then.
    void write(int saves, int count) {
        auto store = opened();
        for (int save = 0; save < saves; ++save) {
            for (int i = 0; i < count; ++i) {
                ASSERT_TRUE(store.append(record_of(store.last() + 1)));
            }
            ASSERT_TRUE(store.sync());
        }
    }

    // The numbers found; each with the payload that belongs to it.
    static std::vector<sequence> numbers(const log& from) {
        std::vector<sequence> found;
        EXPECT_TRUE(from.for_each(0, [&](sequence number, std::string_view payload) {
            EXPECT_EQ(payload, record_of(number));
            found.push_back(number);
        }));
        return found;
    }

    static std::vector<sequence> range(sequence from, sequence to) {
        std::vector<sequence> made;
        for (; from <= to; ++from) {
            made.push_back(from);
        }
        return made;
    }

    std::string file(std::size_t nth) { return disk_.files("/log").at(nth); }
    void flip(const std::string& path, std::size_t offset) {
        auto bytes = disk_.content(path);
        bytes.at(offset) ^= 0x40;
        disk_.replace(path, bytes);
    }
    static std::size_t offset_of(sequence number) {  // in the first segment
        return segment_header_bytes + (number - 1) * frame_bytes(record_of(number).size());
    }

    crashing_file_system disk_;
    options settings_{64 * 1024, 0, full_policy::refuse, 64 * 1024};
};

TEST_F(log_damage, torn_tail_is_cut_at_every_length) {
    write(3, 3);
    const auto path = file(0);
    const auto whole = disk_.content(path);
    for (std::size_t size = whole.size(); size-- > segment_header_bytes;) {
        disk_.replace(path, whole.substr(0, size));
        auto store = opened();
        const auto found = numbers(store);
        ASSERT_EQ(found, range(1, found.size()));
        ASSERT_EQ(store.recovery().records, found.size());
        ASSERT_LT(found.size(), 9u);
        if (found.size() < 9) {
            ASSERT_LE(store.recovery().bytes_cut, frame_bytes(record_of(1).size()));
            ASSERT_TRUE(store.recovery().undamaged());
        }
        if (size % 97 == 0) {  // and it goes on from there
            ASSERT_EQ(*store.append(record_of(found.size() + 1)), found.size() + 1);
            ASSERT_TRUE(store.sync());
            ASSERT_EQ(numbers(opened()).size(), found.size() + 1);
        }
    }
}

TEST_F(log_damage, flipped_byte_costs_one_record_and_is_reported) {
    write(10, 1);
    const auto path = file(0);
    const auto whole = disk_.content(path);
    const auto begin = offset_of(5);
    for (auto at = begin; at < begin + frame_header_bytes + 40; ++at) {
        disk_.replace(path, whole);
        flip(path, at);
        const auto store = opened();
        auto expected = range(1, 10);
        expected.erase(expected.begin() + 4);
        ASSERT_EQ(numbers(store), expected) << "at " << at - begin;
        ASSERT_THAT(store.recovery().damaged, SizeIs(1));
        ASSERT_EQ(store.recovery().damaged[0].what, "record 5 is damaged");
        ASSERT_EQ(store.recovery().damaged[0].offset, begin);
        ASSERT_EQ(store.recovery().records, 9u);
    }
}

TEST_F(log_damage, flipped_byte_within_one_save_costs_one_record_too) {
    write(1, 10);
    flip(file(0), offset_of(3) + 500);
    EXPECT_THAT(numbers(opened()), ElementsAre(1, 2, 4, 5, 6, 7, 8, 9, 10));
}

TEST_F(log_damage, flipped_byte_while_open_is_not_delivered) {
    write(10, 1);
    const auto path = file(0);
    auto store = opened();
    flip(path, offset_of(7) + 600);
    EXPECT_THAT(numbers(store), ElementsAre(1, 2, 3, 4, 5, 6, 8, 9, 10));
    EXPECT_EQ(store.count().damaged_on_read, 1u);
}

TEST_F(log_damage, flipped_byte_in_a_header_costs_that_segment) {
    write(150, 1);
    ASSERT_GE(disk_.files("/log").size(), 3u);
    flip(file(1), 30);
    const auto store = opened();
    const auto found = numbers(store);
    EXPECT_EQ(found.front(), 1u);
    EXPECT_EQ(found.back(), 150u);
    EXPECT_LT(found.size(), 150u);
    ASSERT_THAT(store.recovery().damaged, ::testing::Not(IsEmpty()));
    EXPECT_EQ(store.last(), 150u);
}

TEST_F(log_damage, flipped_byte_in_the_only_header_does_not_start_the_numbers_again) {
    write(20, 1);
    {
        auto store = opened();
        store.truncate_front(21);
        ASSERT_TRUE(store.rewrite([](const log::append_function&) { return result<void>(); }));
    }
    flip(file(0), 30);
    auto store = opened();
    EXPECT_THAT(numbers(store), IsEmpty());
    EXPECT_EQ(*store.append("next"), 21u);
}

TEST_F(log_damage, zeroed_block_costs_what_it_covers) {
    write(40, 1);
    const auto path = file(0);
    auto bytes = disk_.content(path);
    std::fill(bytes.begin() + 8192, bytes.begin() + 12288, '\0');
    disk_.replace(path, bytes);
    const auto store = opened();
    const auto found = numbers(store);
    EXPECT_EQ(found.size(), 35u);
    EXPECT_EQ(found.back(), 40u);
    ASSERT_THAT(store.recovery().damaged, SizeIs(1));
    EXPECT_EQ(store.recovery().damaged[0].what, "records 8 to 12 are damaged");
}

TEST_F(log_damage, zeroed_block_in_the_last_save_is_an_unfinished_write) {
    write(1, 5);
    write(1, 20);
    const auto path = file(0);
    auto bytes = disk_.content(path);
    std::fill(bytes.begin() + 8192, bytes.begin() + 8704, '\0');
    disk_.replace(path, bytes);
    const auto store = opened();
    EXPECT_EQ(numbers(store), range(1, 7));
    EXPECT_TRUE(store.recovery().undamaged());
    EXPECT_GT(store.recovery().bytes_cut, 0u);
}

TEST_F(log_damage, missing_segment_is_reported_once_it_is_noticed) {
    write(150, 1);
    disk_.erase(file(1));
    auto store = opened();
    const auto found = numbers(store);
    EXPECT_EQ(found.back(), 150u);
    ASSERT_THAT(store.recovery().damaged, SizeIs(1));
    EXPECT_EQ(store.recovery().damaged[0].file, "");
    EXPECT_THAT(store.recovery().damaged[0].what,
                AllOf(HasSubstr("records"), HasSubstr("missing")));
    EXPECT_EQ(*store.append(record_of(151)), 151u);
}

TEST_F(log_damage, missing_first_segment_is_reported) {
    write(150, 1);
    disk_.erase(file(0));
    const auto store = opened();
    ASSERT_THAT(store.recovery().damaged, SizeIs(1));
    EXPECT_THAT(store.recovery().damaged[0].what, HasSubstr("records 1 to "));
    EXPECT_EQ(numbers(store).front(), store.first());
}

TEST_F(log_damage, empty_and_short_files_are_removed) {
    write(2, 2);
    for (const std::size_t size : {0, 1, 63, 64}) {
        disk_.replace("/log/00000000000000ff-0000000000000005.segment", std::string(size, '\0'));
        auto store = opened();
        EXPECT_EQ(numbers(store), range(1, 4));
        EXPECT_TRUE(store.recovery().undamaged());
        EXPECT_THAT(disk_.files("/log"), SizeIs(1));
    }
}

TEST_F(log_damage, files_that_are_none_of_ours_are_left_alone) {
    disk_.replace("/log/notes.txt", "hello");
    disk_.replace("/log/1-1.segment", "hello");
    write(1, 2);
    EXPECT_EQ(numbers(opened()), range(1, 2));
    EXPECT_EQ(disk_.content("/log/notes.txt"), "hello");
    EXPECT_EQ(disk_.content("/log/1-1.segment"), "hello");
}

TEST_F(log_damage, a_segment_of_a_later_version_is_refused) {
    write(1, 2);
    auto bytes = disk_.content(file(0));
    bytes[8] = 2;
    const auto checksum = crc32c(std::string_view(bytes).substr(0, 60));
    for (int i = 0; i < 4; ++i) {
        bytes[60 + i] = static_cast<char>(checksum >> (8 * i));
    }
    disk_.replace(file(0), bytes);
    const auto refused = log::open(disk_, "/log", settings_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::unsupported);
    EXPECT_THAT(refused.error().message(),
                AllOf(HasSubstr("0000000000000001-"), HasSubstr("version 2"), HasSubstr("move")));
    EXPECT_EQ(disk_.content(file(0)), bytes);
}

TEST_F(log_damage, a_payload_that_looks_like_frames_is_never_taken_for_records) {
    {
        auto store = opened();
        ASSERT_TRUE(store.append(record_of(1)));
        // A whole segment's bytes, of another salt, as a payload.
        crashing_file_system other;
        auto source = log::open(other, "/log", settings_).value();
        for (sequence i = 1; i < 20; ++i) {
            ASSERT_TRUE(source.append("forged " + std::to_string(i)));
        }
        ASSERT_TRUE(source.sync());
        ASSERT_TRUE(store.append(other.content(other.files("/log")[0])));
        ASSERT_TRUE(store.sync());
        ASSERT_TRUE(store.append(record_of(3)));
        ASSERT_TRUE(store.sync());
    }
    flip(file(0), offset_of(2));  // the length of the record around them
    EXPECT_THAT(numbers(opened()), ElementsAre(1, 3));
}

TEST_F(log_damage, full_disk_at_each_write_loses_nothing_and_goes_on_with_space) {
    // Once through to count the operations, then with the disk full from each of them on.
    write(1, 200);
    const auto operations = disk_.operations();
    ASSERT_GT(operations, 10u);
    for (std::uint64_t full_at = 1; full_at <= operations; ++full_at) {
        SCOPED_TRACE("full at operation " + std::to_string(full_at));
        crashing_file_system disk(full_at);
        disk.inject(fault::disk_full, full_at, 1000);
        auto store = log::open(disk, "/log", settings_).value();
        sequence refused = 0;
        for (sequence i = 1; i <= 200 && refused == 0; ++i) {
            if (const auto added = store.append(record_of(i)); !added) {
                ASSERT_EQ(added.error().code, log_errc::disk_full);
                ASSERT_THAT(added.error().message(), HasSubstr("free space"));
                refused = i;
            }
        }
        const auto saved = store.sync();
        ASSERT_TRUE(saved || saved.error().code == log_errc::disk_full);
        ASSERT_EQ(numbers(store), range(1, store.last()));
        ASSERT_TRUE(refused == 0 || refused == store.last() + 1);
        disk.clear_faults();
        const auto next = store.last() + 1;
        ASSERT_EQ(*store.append(record_of(next)), next);
        ASSERT_TRUE(store.sync());
        const auto last = store.last();
        disk.restart();
        const auto again = log::open(disk, "/log", settings_).value();
        ASSERT_EQ(numbers(again), range(1, last));
        ASSERT_TRUE(again.recovery().undamaged());
    }
}

TEST_F(log_damage, full_disk_is_emptied_by_truncation) {
    disk_.set_capacity(300 * 1024);
    auto store = opened();
    sequence number = 0;
    while (store.append(record_of(++number)) && number < 1000) {
    }
    ASSERT_LT(number, 400u);
    ASSERT_FALSE(store.sync());
    store.truncate_front(number - 20);
    ASSERT_TRUE(store.sync()) << "truncation freed the space that its own writing needs";
    EXPECT_EQ(numbers(store), range(number - 20, store.last()));
    ASSERT_TRUE(store.append(record_of(number)));
    ASSERT_TRUE(store.sync());
    disk_.restart();
    EXPECT_EQ(numbers(opened()), range(number - 20, number));
}

TEST_F(log_damage, read_only_remount_refuses_writes_and_reads_on) {
    write(2, 10);
    disk_.inject(fault::read_only, disk_.operations() + 1, 1'000'000);
    auto store = opened();
    EXPECT_EQ(numbers(store), range(1, 20));
    ASSERT_TRUE(store.append(record_of(21)));  // into memory
    const auto refused = store.sync();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, log_errc::read_only);
    EXPECT_THAT(refused.error().message(), HasSubstr("remount"));
    EXPECT_EQ(store.durable(), 20u);
    disk_.clear_faults();
    ASSERT_TRUE(store.sync());
    disk_.restart();
    EXPECT_EQ(numbers(opened()), range(1, 21));
}

TEST_F(log_damage, fsync_fails_and_the_records_go_into_another_segment) {
    auto store = opened();
    ASSERT_TRUE(store.append(record_of(1)));
    ASSERT_TRUE(store.sync());
    ASSERT_TRUE(store.append(record_of(2)));
    disk_.inject_at_next("sync", fault::io_error);
    const auto failed = store.sync();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, log_errc::io_failed);
    EXPECT_EQ(store.durable(), 1u);
    EXPECT_EQ(numbers(store), range(1, 2));
    // The disk says that all is well again. What it forgot has to be written again all the same.
    ASSERT_TRUE(store.sync());
    EXPECT_EQ(store.durable(), 2u);
    EXPECT_THAT(disk_.files("/log"), SizeIs(2));
    disk_.restart();
    const auto again = opened();
    EXPECT_EQ(numbers(again), range(1, 2));
    EXPECT_TRUE(again.recovery().undamaged());
}

TEST_F(log_damage, a_directory_that_can_not_be_saved_makes_nothing_durable) {
    auto store = opened();
    ASSERT_TRUE(store.append(record_of(1)));
    disk_.inject_at_next("sync_directory", fault::io_error);
    ASSERT_FALSE(store.sync());
    EXPECT_EQ(store.durable(), 0u);
    ASSERT_TRUE(store.sync());
    disk_.restart();
    EXPECT_EQ(numbers(opened()), range(1, 1));
}

TEST_F(log_damage, rewrite_that_fails_at_any_step_keeps_the_old_content) {
    for (const auto* step : {"create", "append", "sync", "rename"}) {
        SCOPED_TRACE(step);
        disk_.restart();
        for (const auto& path : disk_.files("/log")) {
            disk_.erase(path);
        }
        write(1, 3);
        auto store = opened();
        disk_.inject_at_next(step, fault::io_error);
        ASSERT_FALSE(store.rewrite([](const log::append_function&) { return result<void>(); }));
        EXPECT_EQ(numbers(store), range(1, 3));
        disk_.restart();
        EXPECT_EQ(numbers(opened()), range(1, 3));
    }
}

TEST_F(log_damage, a_bounded_log_drops_its_oldest_and_counts_them) {
    settings_.max_bytes = 128 * 1024;
    settings_.when_full = full_policy::drop_oldest;
    auto store = opened();
    for (sequence i = 1; i <= 1000; ++i) {
        ASSERT_TRUE(store.append(record_of(i)));
        ASSERT_LE(store.bytes(), settings_.max_bytes);
    }
    ASSERT_TRUE(store.sync());
    EXPECT_EQ(numbers(store), range(store.first(), 1000));
    EXPECT_EQ(store.count().dropped_oldest, store.first() - 1);
    EXPECT_GT(1001 - store.first(), 90u);  // about an eighth gave way at once, not more
    disk_.restart();
    EXPECT_EQ(numbers(opened()).back(), 1000u);
}

TEST_F(log_damage, a_bounded_log_refuses_where_that_is_the_policy) {
    settings_.max_bytes = 128 * 1024;
    auto store = opened();
    result<sequence> added = store.append(record_of(1));
    while (added) {
        added = store.append(record_of(store.last() + 1));
    }
    EXPECT_EQ(added.error().code, log_errc::log_full);
    EXPECT_LE(store.bytes(), settings_.max_bytes);
    EXPECT_EQ(store.append(std::string(200 * 1024, 'x')).error().code, errc::too_large);
    store.truncate_front(store.last() + 1);
    ASSERT_TRUE(store.sync());
    EXPECT_TRUE(store.append(record_of(store.last() + 1)));
}

TEST_F(log_damage, bytes_written_are_at_most_twice_the_bytes_stored_from_256_on) {
    auto store = opened();
    const std::string payload(256, 'x');
    for (int i = 0; i < 2000; ++i) {
        ASSERT_TRUE(store.append(payload));
        ASSERT_TRUE(store.sync());
    }
    EXPECT_LE(store.count().bytes_written, 2000u * 256u * 2u);
    EXPECT_EQ(store.count().bytes_written, disk_.bytes_written());
}

TEST(crc32c_of, known_bytes_with_and_without_special_instructions) {
    EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
    EXPECT_EQ(crc32c_portable("123456789"), 0xE3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        bytes.push_back(static_cast<char>(i * 37));
        ASSERT_EQ(crc32c(bytes), crc32c_portable(bytes));
        ASSERT_EQ(crc32c(bytes.substr(i / 2), crc32c(bytes.substr(0, i / 2))), crc32c(bytes));
    }
}

}  // namespace
}  // namespace evergrass::log_store
