#include "edge/spooler/spool_record.hpp"
#include "edge/spooler/test_spooled.hpp"
#include "libs/log_store/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <random>

// Power cuts at any operation of the disk, while messages come, go to the cloud and give way. What
// was acknowledged to its publisher is there afterwards, unless the cloud had it or it gave way to
// newer messages; in order, and nothing that nobody sent.
namespace evergrass::edge {
namespace {

using testing::spooled;

class workload {
public:
    explicit workload(std::uint64_t seed) : random_(seed), s_(seed) {
        s_.settings.max_bytes = 20'000;
        s_.limits.memory_bytes = 4'000;
        s_.limits.removal_delay = std::chrono::hours(1);
        s_.limits.removal_bytes = 3'000;
        s_.limits.retry_delay = std::chrono::hours(1);
    }

    // From a start to its end by a power cut, or by a kill which loses nothing that was written.
    void life(bool kill) {
        s_.disk.cut_power_at(s_.disk.operations() + 1 + random_() % 30);
        if (s_.open()) {
            for (int i = 0; i < 60 && !s_.disk.power_is_off(); ++i) {
                step();
            }
            s_.io.restart();
            s_.io.poll();
        }
        if (kill && !s_.disk.power_is_off()) {
            s_.disk.cut_power_at(0);
            s_.disk.kill_process();  // what the thread still writes does not arrive
            s_.forget();
            s_.disk.kill_process();
        } else {
            // What the thread writes at its end comes after the cut.
            s_.disk.cut_power_at(s_.disk.operations() + 1);
            s_.forget();
            s_.disk.restart();
        }
        check();
    }

    std::uint64_t checked() const { return checked_; }
    std::uint64_t overwritten() const { return overwritten_; }

private:
    void step() {
        const auto what = random_() % 10;
        if (what < 6) {
            const auto before = s_.queue->numbers().overwritten;
            ASSERT_TRUE(s_.push(++last_, random_() % 8 == 0 ? 4000 : random_() % 300));
            queue_.push_back(last_);
            for (auto gone = s_.queue->numbers().overwritten - before; gone != 0; --gone) {
                gone_.insert(queue_.front());
                queue_.pop_front();
                ++overwritten_;
            }
        } else if (what < 8) {
            if (const auto m = s_.queue->next()) {
                ASSERT_EQ(spooled::number_of(*m), queue_.front());
                queue_.pop_front();
                gone_.insert(spooled::number_of(*m));
                s_.queue->done(m->number);
            }
        } else if (random_() % 4 != 0) {
            s_.io.restart();
            s_.io.poll();
        } else if (!queue_.empty() && queue_.back() > last_before_) {  // until all is on the disk
            s_.until([&] {
                return s_.queue->numbers().disk_error || s_.acknowledged.contains(queue_.back());
            });
            ASSERT_TRUE(s_.disk.power_is_off() || s_.acknowledged.contains(queue_.back()))
                << s_.queue->numbers().disk_error.value_or("");
        }
    }

    // What the disk has now is what the next life begins with.
    void check() {
        queue_.clear();
        last_before_ = last_;
        const auto store = log_store::log::open(s_.disk, "/spool/messages");
        ASSERT_TRUE(store) << store.error().message();
        ASSERT_TRUE(store->recovery().undamaged());
        ASSERT_TRUE(store->for_each(store->first(), [&](std::uint64_t, std::string_view bytes) {
            const auto record = read_spool_record(bytes).record;
            ASSERT_TRUE(record);
            const auto n = std::stoi(std::string(record->payload));
            ASSERT_LE(n, last_);
            ASSERT_TRUE(queue_.empty() || queue_.back() < n);
            queue_.push_back(n);
        }));
        const std::set<int> found(queue_.begin(), queue_.end());
        for (const auto n : s_.acknowledged) {
            ASSERT_TRUE(gone_.contains(n) || found.contains(n)) << "message " << n << " is lost";
        }
        checked_ += found.size();
    }

    std::mt19937_64 random_;
    spooled s_;
    int last_before_ = 0;    // that was pushed before this life
    int last_ = 0;           // that was pushed
    std::deque<int> queue_;  // what waits
    std::set<int> gone_;     // delivered or overwritten; may come back after a cut
    std::uint64_t overwritten_ = 0;
    std::uint64_t checked_ = 0;
};

void run(std::uint64_t first_seed, std::uint64_t seeds, int lives, bool kills) {
    std::uint64_t checked = 0;
    std::uint64_t overwritten = 0;
    for (auto seed = first_seed; seed < first_seed + seeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        workload spool(seed);
        for (int life = 0; life < lives; ++life) {
            SCOPED_TRACE("life " + std::to_string(life));
            spool.life(kills && life % 2 == 0);
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
        checked += spool.checked();
        overwritten += spool.overwritten();
    }
    EXPECT_GT(checked, seeds * static_cast<std::uint64_t>(lives));  // the queues were not empty
    EXPECT_GT(overwritten, 0U);
}

TEST(spooler_crash, what_was_acknowledged_survives_a_power_cut_at_any_operation) {
    run(1, 15, 20, false);
}

TEST(spooler_crash, what_was_acknowledged_survives_a_kill_and_a_power_cut_after_it) {
    run(1001, 10, 20, true);
}

// Each life has a thread, which makes many of them slow: --gtest_also_run_disabled_tests. Ten
// thousand lives, or EVERGRASS_POWER_CUTS of them, from the seed EVERGRASS_SEED on.
TEST(spooler_crash, DISABLED_ten_thousand_power_cuts) {
    const auto number = [](const char* name, std::uint64_t otherwise) {
        const char* said = std::getenv(name);
        return said != nullptr ? std::strtoull(said, nullptr, 10) : otherwise;
    };
    run(number("EVERGRASS_SEED", 2001), (number("EVERGRASS_POWER_CUTS", 10'000) + 24) / 25, 25,
        false);
}

// Messages that come, are in flight, arrive and give way, and kills in between: what was
// acknowledged to its publisher arrived, waits, or is counted by the files.
class kills_and_overflow {
public:
    explicit kills_and_overflow(std::uint64_t seed) : random_(seed), s_(seed) {
        s_.settings.max_bytes = 5'000;
        s_.limits.removal_delay = std::chrono::milliseconds(random_() % 2);
        s_.limits.removal_bytes = 1'000 + random_() % 8'000;
    }

    void life() {
        ASSERT_TRUE(s_.open());
        const auto counted_before = s_.queue->numbers().overwritten_ever;
        ASSERT_GE(counted_before, counted_);  // what an earlier life lost stays told
        in_flight_.clear();
        const auto last_before = last_;
        for (int i = 0; i < 80; ++i) {
            step();
        }
        const bool saved = random_() % 2 == 0;
        if (saved && last_ != last_before) {
            s_.until([&] { return s_.acknowledged.contains(last_); });
        }
        s_.io.restart();
        s_.io.poll();
        s_.disk.cut_power_at(0);
        s_.disk.kill_process();  // what the thread still writes does not arrive
        s_.forget();
        s_.disk.kill_process();
        check();
    }

    std::uint64_t counted() const { return counted_; }
    std::uint64_t lost_in_flight() const { return lost_in_flight_; }

private:
    void step() {
        const auto what = random_() % 10;
        if (what < 5) {
            ASSERT_TRUE(s_.push(++last_, random_() % 400));
        } else if (what < 8) {
            if (const auto m = s_.queue->next()) {
                in_flight_.push_back({m->number, spooled::number_of(*m)});
            }
        } else if (what < 9 && !in_flight_.empty()) {
            arrived_.insert(in_flight_.front().second);
            s_.queue->done(in_flight_.front().first);
            in_flight_.pop_front();
        } else {
            s_.io.restart();
            s_.io.poll();
        }
    }

    void check() {
        std::set<int> waits;
        counted_ = 0;
        const auto store = log_store::log::open(s_.disk, "/spool/messages");
        ASSERT_TRUE(store) << store.error().message();
        ASSERT_TRUE(store->for_each(store->first(), [&](std::uint64_t, std::string_view bytes) {
            const auto record = read_spool_record(bytes).record;
            ASSERT_TRUE(record);
            counted_ = record->gave_way;
            if (!record->topic.empty()) {
                waits.insert(std::stoi(std::string(record->payload)));
            }
        }));
        std::uint64_t lost = 0;
        for (const auto n : s_.acknowledged) {
            lost += arrived_.contains(n) || waits.contains(n) ? 0 : 1;
        }
        ASSERT_LE(lost, counted_);
        // One that arrived and comes back after a kill, and one that nobody was told is safe, may
        // give way too.
        ASSERT_LE(counted_, static_cast<std::uint64_t>(last_) - waits.size());
        for (const auto& [number, n] : in_flight_) {
            lost_in_flight_ += waits.contains(n) || !s_.acknowledged.contains(n) ? 0 : 1;
        }
    }

    std::mt19937_64 random_;
    spooled s_;
    int last_ = 0;
    std::deque<std::pair<std::uint64_t, int>> in_flight_;  // the spooler's number and ours
    std::set<int> arrived_;
    std::uint64_t counted_ = 0;
    std::uint64_t lost_in_flight_ = 0;
};

TEST(spooler_crash, what_a_kill_takes_after_it_gave_way_in_flight_is_counted) {
    std::uint64_t lost_in_flight = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        kills_and_overflow spool(seed);
        for (int life = 0; life < 10; ++life) {
            SCOPED_TRACE("life " + std::to_string(life));
            spool.life();
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
        lost_in_flight += spool.lost_in_flight();
    }
    EXPECT_GT(lost_in_flight, 20U);
}

}  // namespace
}  // namespace evergrass::edge
