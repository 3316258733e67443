#include "edge/router/drop_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace evergrass::edge {
namespace {

class turned_clock : public clock {
public:
    wall_time now() const override { return time; }
    wall_time time{std::chrono::seconds(1'000)};
};

class drop_book_test : public ::testing::Test {
protected:
    std::uint64_t total(drop_reason reason) const {
        return book_.totals()[static_cast<std::size_t>(reason)];
    }

    const endpoint pump_{endpoint_kind::device, "pump"};
    const endpoint lamp_{endpoint_kind::device, "lamp"};
    turned_clock clock_;
    drop_book book_{logger(), clock_};
};

TEST_F(drop_book_test, counts_by_reason) {
    book_.count(drop_reason::queue_full, &pump_, "t", &lamp_);
    book_.count(drop_reason::queue_full, &pump_, "t", &lamp_);
    book_.count(drop_reason::no_subscription, &pump_, "t", nullptr);
    EXPECT_EQ(total(drop_reason::queue_full), 2U);
    EXPECT_EQ(total(drop_reason::no_subscription), 1U);
    EXPECT_EQ(total(drop_reason::function_stopped), 0U);
}

TEST_F(drop_book_test, what_is_dropped_alike_is_one_record_with_its_first_and_last_time) {
    book_.count(drop_reason::queue_full, &pump_, "t", &lamp_);
    clock_.time += std::chrono::seconds(5);
    book_.count(drop_reason::no_subscription, &pump_, "t", nullptr);
    clock_.time += std::chrono::seconds(5);
    book_.count(drop_reason::queue_full, &pump_, "t", &lamp_);
    const auto last = book_.last();
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].reason, drop_reason::queue_full);
    EXPECT_EQ(last[0].count, 2U);
    EXPECT_EQ(last[0].last - last[0].first, std::chrono::seconds(10));
    EXPECT_EQ(last[0].source, pump_);
    EXPECT_EQ(last[0].target, lamp_);
    EXPECT_EQ(last[1].reason, drop_reason::no_subscription);
    EXPECT_EQ(last[1].target, std::nullopt);
}

TEST_F(drop_book_test, keeps_the_last_256_records_and_bounds_their_topics) {
    for (std::size_t i = 0; i < drop_book::max_records + 10; ++i) {
        clock_.time += std::chrono::seconds(1);
        book_.count(drop_reason::no_subscription, &pump_, std::to_string(i), nullptr);
    }
    clock_.time += std::chrono::seconds(1);
    book_.count(drop_reason::no_subscription, &pump_, std::string(10'000, 'x'), nullptr);
    const auto last = book_.last();
    ASSERT_EQ(last.size(), drop_book::max_records);
    EXPECT_EQ(last.front().topic.size(), drop_book::max_topic_bytes);
    EXPECT_EQ(last[1].topic, std::to_string(drop_book::max_records + 9));
    EXPECT_EQ(last.back().topic, "11");
    EXPECT_EQ(total(drop_reason::no_subscription), drop_book::max_records + 11);
}

TEST_F(drop_book_test, counts_exactly_from_many_threads_at_once) {
    constexpr int threads = 4;
    constexpr int each = 5'000;
    std::vector<std::thread> running;
    for (int n = 0; n < threads; ++n) {
        running.emplace_back([this, n] {
            for (int i = 0; i < each; ++i) {
                book_.count(drop_reason::queue_full, &pump_, std::to_string(n), &lamp_);
            }
        });
    }
    while (total(drop_reason::queue_full) < threads * each) {
        for (const auto& record : book_.last()) {
            EXPECT_EQ(record.reason, drop_reason::queue_full);
        }
    }
    for (auto& one : running) {
        one.join();
    }
    EXPECT_EQ(total(drop_reason::queue_full), threads * each);
}

}  // namespace
}  // namespace evergrass::edge
