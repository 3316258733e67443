#include "edge/functions/latencies.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace evergrass::edge::functions {
namespace {

using namespace std::chrono_literals;

TEST(latencies, of_nothing_have_no_percentile) {
    EXPECT_FALSE(latencies().percentile(0.5));
}

TEST(latencies, short_ones_are_exact) {
    latencies all;
    for (int us = 0; us < 8; ++us) {
        all.add(std::chrono::microseconds(us));
    }
    EXPECT_EQ(all.percentile(0.5), 3us);
    EXPECT_EQ(all.percentile(1.0), 7us);
    EXPECT_EQ(all.percentile(0.0), 0us);
}

TEST(latencies, a_time_that_runs_backwards_counts_as_none) {
    latencies all;
    all.add(-5s);
    EXPECT_EQ(all.percentile(1.0), 0us);
}

TEST(latencies, one_that_is_longer_than_a_day_is_counted) {
    latencies all;
    all.add(48h);
    EXPECT_GT(all.percentile(1.0), 12h);
}

TEST(latencies, are_never_told_too_short_and_at_most_an_eighth_too_long) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::int64_t> truth;
        latencies all;
        for (int i = 0; i < 100; ++i) {
            truth.push_back(static_cast<std::int64_t>(random() >> (30 + random() % 33)));
            all.add(std::chrono::microseconds(truth.back()));
        }
        std::sort(truth.begin(), truth.end());
        for (const int percent : {1, 50, 90, 99, 100}) {
            const auto exact = truth[static_cast<std::size_t>(percent) - 1];
            const auto told = all.percentile(percent / 100.0)->count();
            EXPECT_GE(told, exact);
            EXPECT_LE(told, exact + exact / 8 + 1);
        }
    }
}

}  // namespace
}  // namespace evergrass::edge::functions
