#include "libs/log_store/group_committer.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

namespace evergrass::log_store {
namespace {

using testing::crashing_file_system;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::fault;
using ::testing::IsEmpty;

// What the committer's thread tells, for the test's thread to wait for.
class told {
public:
    group_committer::handlers handlers() {
        return {[this](sequence s) { note([&] { durable_.push_back(s); }); },
                [this](const error& e) { note([&] { errors_.push_back(e); }); }};
    }
    void durable(sequence s) {
        wait([&] { return !durable_.empty() && durable_.back() >= s; });
    }
    void durable_or_failed(sequence s) {
        wait([&] { return !errors_.empty() || (!durable_.empty() && durable_.back() >= s); });
    }
    error failure(std::size_t nth) {
        wait([&] { return errors_.size() > nth; });
        const std::lock_guard lock(mutex_);
        return errors_[nth];
    }
    std::vector<sequence> all_durable() {
        const std::lock_guard lock(mutex_);
        return durable_;
    }

private:
    template <class Change>
    void note(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    template <class Condition>
    void wait(Condition condition) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, condition);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<sequence> durable_;
    std::vector<error> errors_;
};

std::vector<std::string> all_of(const log& from) {
    std::vector<std::string> found;
    EXPECT_TRUE(
        from.for_each(0, [&](sequence, std::string_view payload) { found.emplace_back(payload); }));
    return found;
}

class committer : public ::testing::Test {
protected:
    log opened(options o = {}) { return log::open(disk_, "/log", o).value(); }
    std::vector<std::string> after_power_cut() {
        disk_.restart();
        return all_of(opened());
    }
    // Failures are repeated when the test says so, and not by the clock.
    static group_committer::settings patient() { return {std::chrono::hours(24), 1024 * 1024}; }

    crashing_file_system disk_;
    told told_;
};

TEST_F(committer, one_record_is_durable_with_nothing_after_it) {
    group_committer store(opened(), told_.handlers());
    EXPECT_EQ(*store.append("alone"), 1u);
    told_.durable(1);
    EXPECT_EQ(store.durable(), 1u);
    EXPECT_THAT(after_power_cut(), ElementsAre("alone"));
}

TEST_F(committer, what_waits_goes_into_one_save) {
    group_committer store(opened(), told_.handlers());
    ASSERT_TRUE(store.append("first"));
    told_.durable(1);
    disk_.clear_calls();
    // The thread is held while the records come in, as a slow disk would hold it.
    std::mutex gate;
    gate.lock();
    store.post([&](const log&) { const std::lock_guard held(gate); });
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(store.append("more"));
    }
    gate.unlock();
    told_.durable(101);
    const auto calls = disk_.calls();
    // Two at the most: the thread may have taken the first few with what held it.
    EXPECT_LE(std::count(calls.begin(), calls.end(), "sync"), 2);
    EXPECT_EQ(after_power_cut().size(), 101u);
}

TEST_F(committer, stopping_makes_all_durable_and_refuses_more) {
    group_committer store(opened(), told_.handlers());
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(store.append(std::to_string(i)));
    }
    ASSERT_TRUE(store.flush_and_stop());
    EXPECT_EQ(store.durable(), 1000u);
    EXPECT_EQ(store.append("late").error().code, errc::closed);
    const auto seen = told_.all_durable();
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(after_power_cut().size(), 1000u);
}

TEST_F(committer, a_rewrite_replaces_what_came_before_and_nothing_after) {
    group_committer store(opened(), told_.handlers());
    ASSERT_TRUE(store.append("before"));
    EXPECT_EQ(*store.rewrite({"a", "b"}), 3u);
    EXPECT_EQ(*store.append("after"), 4u);
    ASSERT_TRUE(store.flush_and_stop());
    EXPECT_THAT(after_power_cut(), ElementsAre("a", "b", "after"));
}

TEST_F(committer, a_rewrite_that_fails_leaves_the_old_content_and_the_numbers) {
    group_committer store(opened(), told_.handlers(), patient());
    ASSERT_TRUE(store.append("before"));
    told_.durable(1);
    disk_.inject_at_next("create", fault::disk_full);
    ASSERT_TRUE(store.rewrite({"a", "b"}));
    EXPECT_EQ(told_.failure(0).code, log_errc::disk_full);
    EXPECT_EQ(*store.append("after"), 4u);
    told_.durable(4);
    ASSERT_TRUE(store.flush_and_stop());
    disk_.restart();
    const auto store_again = opened();
    EXPECT_THAT(all_of(store_again), ElementsAre("before", "after"));
    EXPECT_TRUE(store_again.recovery().undamaged());
    EXPECT_EQ(store_again.last(), 4u);
}

TEST_F(committer, truncation_is_in_order_with_the_rest) {
    group_committer store(opened(), told_.handlers());
    for (int i = 1; i <= 5; ++i) {
        ASSERT_TRUE(store.append(std::to_string(i)));
    }
    store.truncate_front(4);
    ASSERT_TRUE(store.append("6"));
    ASSERT_TRUE(store.flush_and_stop());
    EXPECT_THAT(after_power_cut(), ElementsAre("4", "5", "6"));
}

TEST_F(committer, a_full_disk_is_told_and_the_records_wait_for_the_next_try) {
    group_committer store(opened(), told_.handlers(), patient());
    ASSERT_TRUE(store.append("before"));
    told_.durable(1);
    disk_.inject_at_next("append", fault::disk_full);
    ASSERT_TRUE(store.append("during"));
    EXPECT_EQ(told_.failure(0).code, log_errc::disk_full);
    EXPECT_EQ(store.durable(), 1u);
    ASSERT_TRUE(store.append("after"));
    store.retry();
    told_.durable(3);
    EXPECT_THAT(after_power_cut(), ElementsAre("before", "during", "after"));
}

TEST_F(committer, a_disk_that_stays_full_is_told_at_the_stop_and_appends_are_bounded) {
    group_committer store(opened(), told_.handlers(), patient());
    disk_.inject_at_next("create", fault::disk_full, 1000);
    const std::string kilobyte(1024, 'x');
    ASSERT_TRUE(store.append(kilobyte));
    EXPECT_EQ(told_.failure(0).code, log_errc::disk_full);
    error refused;
    for (int i = 0; i < 2000 && !refused.code; ++i) {
        if (const auto added = store.append(kilobyte); !added) {
            refused = added.error();
        }
    }
    EXPECT_EQ(refused.code, log_errc::disk_full);
    const auto stopped = store.flush_and_stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, log_errc::disk_full);
    EXPECT_THAT(told_.all_durable(), IsEmpty());
}

TEST_F(committer, a_full_log_refuses_and_takes_again_after_truncation) {
    options bounded;
    bounded.max_bytes = 128 * 1024;
    group_committer store(opened(bounded), told_.handlers());
    const std::string payload(1000, 'x');
    sequence last = 0;
    error refused;
    while (!refused.code) {
        const auto added = store.append(payload);
        if (added) {
            last = *added;
        } else {
            refused = added.error();
        }
    }
    EXPECT_EQ(refused.code, log_errc::log_full);
    EXPECT_GT(last, 100u);
    EXPECT_EQ(store.append(std::string(256 * 1024, 'x')).error().code, errc::too_large);
    told_.durable(last);
    store.truncate_front(last + 1);
    std::mutex done;
    std::condition_variable ran;
    // Two turns: the room is known when the first one's save is over.
    for (int turn = 0; turn < 2; ++turn) {
        bool seen = false;
        store.post([&](const log&) {
            const std::lock_guard lock(done);
            seen = true;
            ran.notify_one();
        });
        std::unique_lock lock(done);
        ran.wait(lock, [&] { return seen; });
    }
    EXPECT_TRUE(store.append(payload));
}

TEST_F(committer, the_oldest_give_way_where_that_is_the_policy) {
    options bounded;
    bounded.max_bytes = 128 * 1024;
    bounded.when_full = full_policy::drop_oldest;
    group_committer store(opened(bounded), told_.handlers());
    const std::string payload(1000, 'x');
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(store.append(payload));
    }
    ASSERT_TRUE(store.flush_and_stop());
    disk_.restart();
    const auto kept = opened(bounded);
    EXPECT_EQ(kept.last(), 1000u);
    EXPECT_GT(kept.recovery().records, 80u);
    EXPECT_LE(kept.bytes(), 128u * 1024u);
    EXPECT_THAT(all_of(kept), Each(payload));
}

TEST_F(committer, a_reader_sees_what_was_appended_before_it_asked) {
    group_committer store(opened(), told_.handlers());
    ASSERT_TRUE(store.append("one"));
    ASSERT_TRUE(store.append("two"));
    std::vector<std::string> seen;
    store.post([&](const log& of) { seen = all_of(of); });
    ASSERT_TRUE(store.append("three"));
    ASSERT_TRUE(store.flush_and_stop());
    EXPECT_THAT(seen, ElementsAre("one", "two"));
}

// Which records a cut meets depends on the threads; what must hold afterwards does not.
TEST_F(committer, what_was_reported_durable_survives_a_power_cut_at_any_operation) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("cut at operation " + std::to_string(seed % 60));
        crashing_file_system disk(seed);
        disk.cut_power_at(1 + seed % 60);
        std::map<sequence, std::string> appended;
        sequence durable = 0;
        sequence snapshot = 0;
        {
            auto store = log::open(disk, "/log", {64 * 1024, 0, full_policy::refuse, 64 * 1024});
            ASSERT_TRUE(store);
            told seen;
            group_committer to_disk(std::move(*store), seen.handlers(), patient());
            for (int i = 0; i < 400; ++i) {
                if (i == 200) {
                    const auto last = to_disk.rewrite({"a", "b", "c"});
                    ASSERT_TRUE(last);
                    snapshot = *last - 2;
                    appended[*last - 2] = "a";
                    appended[*last - 1] = "b";
                    appended[*last] = "c";
                }
                auto bytes = std::to_string(i) + std::string(seed % 7 * 100, 'x');
                if (const auto number = to_disk.append(bytes)) {
                    appended[*number] = std::move(bytes);
                }
                if (i % 10 == 0 && !disk.power_is_off()) {
                    seen.durable_or_failed(to_disk.last());
                }
            }
            (void)to_disk.flush_and_stop();
            durable = to_disk.durable();
        }
        disk.restart();
        const auto again = log::open(disk, "/log").value();
        EXPECT_TRUE(again.recovery().undamaged());
        std::map<sequence, std::string> found;
        ASSERT_TRUE(again.for_each(
            0, [&](sequence number, std::string_view payload) { found.emplace(number, payload); }));
        for (const auto& [number, payload] : found) {
            ASSERT_EQ(appended[number], payload);
        }
        const bool rewritten = found.contains(snapshot);
        EXPECT_TRUE(rewritten || durable < snapshot || snapshot == 0);
        for (sequence number = rewritten ? snapshot : 1; number <= durable; ++number) {
            ASSERT_TRUE(found.contains(number)) << number << " of " << durable;
        }
    }
}

}  // namespace
}  // namespace evergrass::log_store
