#include "libs/base/per_thread.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace evergrass {
namespace {

TEST(per_thread, each_thread_gets_its_own_and_the_same_again) {
    std::atomic<int> made{0};
    per_thread<int> all([&] { return std::make_unique<int>(++made); });
    auto& mine = all.here();
    std::thread([&] { EXPECT_NE(&all.here(), &mine); }).join();
    EXPECT_EQ(&all.here(), &mine);
    EXPECT_EQ(made, 2);
}

TEST(per_thread, many_threads_at_once_share_nothing) {
    constexpr int threads = 50;  // more than one block holds
    per_thread<std::uint64_t> all([] { return std::make_unique<std::uint64_t>(0); });
    std::atomic<int> arrived{0};
    std::atomic<std::uint64_t> sum{0};
    std::vector<std::thread> running;
    for (int n = 0; n < threads; ++n) {
        running.emplace_back([&] {
            ++all.here();
            ++arrived;
            while (arrived < threads) {
                std::this_thread::yield();  // all of them live at once
            }
            for (int i = 1; i < 1'000; ++i) {
                ++all.here();
            }
            sum += all.here();
        });
    }
    for (auto& one : running) {
        one.join();
    }
    EXPECT_EQ(sum, threads * 1'000U);
}

}  // namespace
}  // namespace evergrass
