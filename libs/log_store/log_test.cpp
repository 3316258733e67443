#include "libs/log_store/log.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/real_file_system.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::log_store {
namespace {

class log_on_disk : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-log-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern + "/queue";
    }
    void TearDown() override {
        std::filesystem::remove_all(std::filesystem::path(directory_).parent_path());
    }
    log opened(options o = {}) { return log::open(disk_, directory_, o).value(); }

    static std::vector<std::string> all_of(const log& from) {
        std::vector<std::string> found;
        EXPECT_TRUE(from.for_each(
            0, [&](sequence, std::string_view payload) { found.emplace_back(payload); }));
        return found;
    }

    real_file_system disk_;
    std::string directory_;
};

TEST_F(log_on_disk, records_are_there_after_a_restart) {
    {
        auto store = opened();
        EXPECT_EQ(*store.append("one"), 1u);
        EXPECT_EQ(*store.append(""), 2u);
        const std::array<std::string_view, 2> parts{"th", "ree"};
        EXPECT_EQ(*store.append(parts), 3u);
        EXPECT_EQ(store.durable(), 0u);
        ASSERT_TRUE(store.sync());
        EXPECT_EQ(store.durable(), 3u);
    }
    const auto store = opened();
    EXPECT_THAT(all_of(store), ::testing::ElementsAre("one", "", "three"));
    EXPECT_EQ(store.recovery().records, 3u);
    EXPECT_TRUE(store.recovery().undamaged());
    EXPECT_EQ(store.recovery().bytes_cut, 0u);
    EXPECT_EQ(store.first(), 1u);
    EXPECT_EQ(store.last(), 3u);
}

TEST_F(log_on_disk, truncation_lasts_and_numbers_go_on) {
    {
        auto store = opened();
        for (int i = 1; i <= 10; ++i) {
            ASSERT_TRUE(store.append(std::to_string(i)));
        }
        ASSERT_TRUE(store.sync());
        store.truncate_front(8);
        ASSERT_TRUE(store.sync());
    }
    {
        auto store = opened();
        EXPECT_THAT(all_of(store), ::testing::ElementsAre("8", "9", "10"));
        EXPECT_EQ(store.recovery().records, 3u);
        store.truncate_front(11);
        ASSERT_TRUE(store.sync());
    }
    auto store = opened();
    EXPECT_THAT(all_of(store), ::testing::ElementsAre());
    EXPECT_EQ(store.first(), 11u);
    EXPECT_EQ(*store.append("next"), 11u);
}

TEST_F(log_on_disk, an_empty_log_gives_its_space_back) {
    options small;
    small.segment_bytes = 64 * 1024;
    auto store = opened(small);
    const std::string payload(1000, 'x');
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(store.append(payload));
    }
    ASSERT_TRUE(store.sync());
    EXPECT_GT(store.bytes(), 1000u * 1000u);
    store.truncate_front(store.last() + 1);
    ASSERT_TRUE(store.sync());
    std::uintmax_t on_disk = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        on_disk += entry.file_size();
    }
    EXPECT_LE(on_disk, 64u * 1024u);
    EXPECT_EQ(*store.append("next"), 1001u);
}

TEST_F(log_on_disk, a_reader_goes_on_where_it_was_in_pieces) {
    options small;
    small.segment_bytes = 64 * 1024;
    auto store = opened(small);
    for (int i = 1; i <= 500; ++i) {
        ASSERT_TRUE(store.append(std::to_string(i) + std::string(500, '.')));
    }
    position at;
    std::uint64_t expected = 1;
    while (expected <= 500) {
        const auto some = store.read(at, 10'000);
        ASSERT_TRUE(some);
        ASSERT_FALSE(some->empty());
        ASSERT_LE(some->size(), 20u);
        for (const auto& r : *some) {
            ASSERT_EQ(r.number, expected);
            ASSERT_TRUE(r.payload.starts_with(std::to_string(expected) + "."));
            ++expected;
        }
    }
    EXPECT_THAT(*store.read(at, 10'000), ::testing::IsEmpty());
    ASSERT_TRUE(store.append("late"));
    EXPECT_THAT(*store.read(at, 10'000), ::testing::SizeIs(1));
}

TEST_F(log_on_disk, rewrite_replaces_all_and_a_writer_that_fails_nothing) {
    auto store = opened();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(store.append("old"));
    }
    const auto failed = store.rewrite([](const log::append_function& append) -> result<void> {
        const std::string_view part = "lost";
        (void)append({&part, 1});
        return error{errc::invalid_input, "no"};
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(all_of(store).size(), 5u);
    ASSERT_TRUE(store.rewrite([](const log::append_function& append) -> result<void> {
        const std::string_view part = "new";
        return append({&part, 1});
    }));
    ASSERT_TRUE(store.append("after"));
    ASSERT_TRUE(store.sync());
    EXPECT_THAT(all_of(store), ::testing::ElementsAre("new", "after"));
    store = opened();
    EXPECT_THAT(all_of(store), ::testing::ElementsAre("new", "after"));
    EXPECT_EQ(store.first(), 6u);
    EXPECT_EQ(store.last(), 7u);
}

TEST_F(log_on_disk, files_are_for_their_owner_alone) {
    auto store = opened();
    ASSERT_TRUE(store.append("secret"));
    ASSERT_TRUE(store.sync());
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(directory_).permissions(), perms::owner_all);
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        EXPECT_EQ(entry.status().permissions(), perms::owner_read | perms::owner_write);
    }
}

TEST_F(log_on_disk, a_directory_that_can_not_be_made_is_named) {
    const auto failed = log::open(disk_, "/proc/no/such", {});
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message(), ::testing::HasSubstr("/proc/no"));
}

TEST_F(log_on_disk, what_was_synced_survives_kill_dash_nine) {
    options small;
    small.segment_bytes = 64 * 1024;
    for (int round = 0; round < 25; ++round) {
        int answers[2];
        ASSERT_EQ(::pipe(answers), 0);
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto store = log::open(disk_, directory_, small);
            for (;;) {
                const auto number = store->last() + 1;
                if (!store->append(std::to_string(number) + std::string(number % 3000, '.')) ||
                    (number % 3 == 0 && !store->sync())) {
                    ::_exit(1);
                }
                if (number % 500 == 0) {
                    store->truncate_front(number - 100);
                }
                const auto durable = store->durable();
                if (::write(answers[1], &durable, sizeof durable) != sizeof durable) {
                    ::_exit(1);
                }
            }
        }
        ::close(answers[1]);
        sequence durable = 0;
        for (int i = 0; i < 20 + round * 7; ++i) {
            ASSERT_EQ(::read(answers[0], &durable, sizeof durable), sizeof durable);
        }
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        while (::read(answers[0], &durable, sizeof durable) == sizeof durable) {
        }
        ::close(answers[0]);

        const auto store = opened(small);
        EXPECT_TRUE(store.recovery().undamaged());
        ASSERT_GE(store.last(), durable);
        auto expected = store.first();
        ASSERT_TRUE(store.for_each(0, [&](sequence number, std::string_view payload) {
            ASSERT_EQ(number, expected++);
            ASSERT_EQ(payload, std::to_string(number) + std::string(number % 3000, '.'));
        }));
        ASSERT_EQ(expected, store.last() + 1);
    }
}

}  // namespace
}  // namespace evergrass::log_store
