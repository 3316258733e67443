#include "libs/log_store/errors.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

// Power cuts at every operation of random workloads. The model knows what was promised; after each
// cut the log is opened again and must hold it.
namespace evergrass::log_store {
namespace {

using testing::crashing_file_system;
using testing::fault;

// One content that the log may have after a cut: its records, and from where on they are not
// durable yet.
struct content {
    std::map<sequence, std::string> records;
    sequence truncated_durably = 0;  // below are gone for sure
    sequence truncated = 0;          // below may be gone
    sequence whole_to = 0;           // up to here all or nothing: a rewrite
};

class workload {
public:
    explicit workload(std::uint64_t seed) : random_(seed), disk_(seed) {
        settings_.segment_bytes = 64 * 1024;
        settings_.buffer_bytes = 16 * 1024;
    }

    crashing_file_system& disk() { return disk_; }

    // Until the power is off or `steps` are done.
    void run(int steps) {
        if (!store_) {
            auto opened = log::open(disk_, "/log", settings_);
            if (!opened) {
                return;  // a cut or a fault during recovery
            }
            store_.emplace(std::move(*opened));
            after_open();
        }
        for (int i = 0; i < steps && !disk_.power_is_off(); ++i) {
            step();
        }
    }

    void cut_and_check() {
        store_.reset();
        disk_.restart();
        check();
    }
    void kill_and_check() {
        store_.reset();
        disk_.kill_process();
        check();
    }
    void crash_while_opening_then_check(std::uint64_t operation) {
        disk_.cut_power_at(disk_.operations() + operation);
        (void)log::open(disk_, "/log", settings_);
        cut_and_check();
    }
    std::uint64_t checked_records() const { return checked_records_; }

private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    std::string payload() {
        const auto kind = below(20);
        const auto size = kind == 0   ? 20'000 + below(60'000)
                          : kind == 1 ? 0
                          : kind < 10 ? below(64)
                                      : below(2000);
        // Zeros and repeated bytes among them: they look most like what a torn write leaves.
        std::string made(size, static_cast<char>(below(3)));
        for (auto at = below(700); at < size; at += 1 + below(700)) {
            made[at] = static_cast<char>(random_());
        }
        return made;
    }

    void saved() {
        ASSERT_EQ(store_->durable(), store_->last());
        now_.truncated_durably = now_.truncated;
        others_.clear();
    }

    void step() {
        const auto what = below(100);
        if (what < 70) {
            auto bytes = payload();
            const auto number = store_->append(bytes);
            if (number) {
                ASSERT_GT(*number, last_);
                last_ = *number;
                now_.records[*number] = std::move(bytes);
            }
        } else if (what < 88) {
            if (store_->sync()) {
                saved();
            }
        } else if (what < 97) {
            const auto first = store_->first();
            const auto count = store_->last() + 1 - first;
            const auto to = first + (below(8) == 0 ? count : below(count + 1));
            store_->truncate_front(to);
            now_.truncated = std::max(now_.truncated, to);
            ASSERT_EQ(store_->first(), std::max(first, to));
            if (below(2) == 0 && store_->sync()) {
                saved();
            }
        } else {
            rewrite();
        }
        if (!disk_.power_is_off()) {
            durable_ = std::max(durable_, store_->durable());
        }
    }

    void rewrite() {
        content fresh;
        const auto before = store_->last();
        sequence number = before;
        const auto count = below(30);
        const auto done = store_->rewrite([&](const log::append_function& append) -> result<void> {
            for (std::uint64_t i = 0; i < count; ++i) {
                auto bytes = payload();
                const std::string_view part = bytes;
                if (auto added = append({&part, 1}); !added) {
                    return added;
                }
                fresh.records[++number] = std::move(bytes);
            }
            return {};
        });
        fresh.truncated_durably = fresh.truncated = before + 1;
        fresh.whole_to = number;
        const bool complete = fresh.records.size() == count;
        if (done) {
            now_ = std::move(fresh);
            others_.clear();
            last_ = number;
        } else if (disk_.power_is_off()) {
            if (complete) {
                others_.push_back(std::move(fresh));
            }
        } else if (store_->first() == before + 1 && store_->last() == number) {
            // The very last step failed: the new content is in place, the old may come back.
            others_.push_back(std::move(now_));
            now_ = std::move(fresh);
            last_ = number;
        }
    }

    // Why `found` can't be what is left of `from`; empty when it can.
    std::string differs(const std::map<sequence, std::string>& found, const content& from) const {
        for (const auto& [number, bytes] : found) {
            const auto it = from.records.find(number);
            if (it == from.records.end()) {
                return "record " + std::to_string(number) + " was never appended";
            }
            if (it->second != bytes) {
                return "record " + std::to_string(number) + " is altered";
            }
            if (number < from.truncated_durably) {
                return "record " + std::to_string(number) + " came back";
            }
        }
        // What is there goes from one place to another without a hole.
        const auto newest = found.empty() ? 0 : found.rbegin()->first;
        for (const auto& [number, bytes] : from.records) {
            const bool promised = number <= std::max(durable_, from.whole_to);
            if (number >= from.truncated && (promised || number < newest) &&
                !found.contains(number)) {
                return "record " + std::to_string(number) + " is missing, durable " +
                       std::to_string(durable_) + ", newest " + std::to_string(newest);
            }
        }
        return "";
    }

    void check() {
        auto opened = log::open(disk_, "/log", settings_);
        ASSERT_TRUE(opened) << opened.error().message();
        std::map<sequence, std::string> found;
        sequence before = 0;
        ASSERT_TRUE(opened->for_each(0, [&](sequence number, std::string_view bytes) {
            EXPECT_GT(number, before);
            before = number;
            found.emplace(number, bytes);
        }));
        const auto& report = opened->recovery();
        EXPECT_TRUE(report.undamaged())
            << report.damaged.front().file << ": " << report.damaged.front().what;
        EXPECT_EQ(report.records, found.size());
        EXPECT_GE(opened->last(), durable_);
        checked_records_ += found.size();

        auto why = differs(found, now_);
        for (auto other = others_.begin(); !why.empty() && other != others_.end(); ++other) {
            const auto also = differs(found, *other);
            why = also.empty() ? "" : why + "; or " + also;
        }
        ASSERT_EQ(why, "");

        store_.emplace(std::move(*opened));
        now_.records = std::move(found);
        after_open();
    }

    void after_open() {
        now_.truncated_durably = now_.truncated = store_->first();
        now_.whole_to = 0;
        others_.clear();
        last_ = store_->last();
        durable_ = store_->durable();
    }

    std::mt19937_64 random_;
    crashing_file_system disk_;
    options settings_;
    std::optional<log> store_;
    content now_;
    std::vector<content> others_;  // what may come back, or may be there already
    sequence last_ = 0;
    sequence durable_ = 0;
    std::uint64_t checked_records_ = 0;
};

// The operation of the n-th cut after the last; small ones often, so that a cut also meets the
// recovery of the cut before it.
std::uint64_t distance(std::mt19937_64& random) {
    return 1 + random() % (random() % 4 == 0 ? 60 : 12);
}

TEST(log_crash, what_was_durable_survives_a_power_cut_at_any_operation) {
    std::uint64_t cuts = 0;
    std::uint64_t records = 0;
    for (std::uint64_t seed = 1; seed <= 250; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        workload log(seed);
        log.run(1);
        for (int cut = 0; cut < 48; ++cut, ++cuts) {
            SCOPED_TRACE("cut " + std::to_string(cut));
            log.disk().cut_power_at(log.disk().operations() + distance(random));
            log.run(1000);
            log.cut_and_check();
            if (random() % 4 == 0) {
                log.crash_while_opening_then_check(1 + random() % 6);
                ++cuts;
            }
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
        records += log.checked_records();
    }
    EXPECT_GE(cuts, 10'000u);
    EXPECT_GT(records, cuts);  // the logs were not empty
}

TEST(log_crash, so_it_does_when_the_disk_fails_before_the_cut) {
    std::uint64_t records = 0;
    for (std::uint64_t seed = 1001; seed <= 1100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        workload log(seed);
        log.run(1);
        for (int cut = 0; cut < 40; ++cut) {
            SCOPED_TRACE("cut " + std::to_string(cut));
            const auto now = log.disk().operations();
            const auto kinds = {fault::disk_full, fault::io_error, fault::read_only};
            log.disk().inject(*(kinds.begin() + random() % 3), now + distance(random),
                              1 + random() % 4);
            log.disk().cut_power_at(now + 10 + distance(random));
            log.run(1000);
            log.cut_and_check();
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
        records += log.checked_records();
    }
    EXPECT_GT(records, 4000u);
}

TEST(log_crash, a_killed_process_loses_nothing_durable_even_if_the_power_goes_next) {
    for (std::uint64_t seed = 2001; seed <= 2100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        workload log(seed);
        for (int turn = 0; turn < 40; ++turn) {
            log.run(static_cast<int>(1 + random() % 30));
            log.kill_and_check();
            log.cut_and_check();
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
    }
}

}  // namespace
}  // namespace evergrass::log_store
