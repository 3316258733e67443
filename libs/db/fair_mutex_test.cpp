#include "libs/db/fair_mutex.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace evergrass::db {
namespace {

using ::testing::ElementsAre;

void wait_until_waiting(const fair_mutex& mutex, std::size_t threads) {
    while (mutex.waiting() != threads) {
        std::this_thread::yield();
    }
}

TEST(fair_mutex, who_holds_it_has_it_again) {
    fair_mutex mutex;
    const std::lock_guard outer(mutex);
    mutex.lock();
    mutex.give_way();
    mutex.unlock();
    std::atomic<bool> has_it = false;
    std::thread other([&] {
        const std::lock_guard hold(mutex);
        has_it = true;
    });
    wait_until_waiting(mutex, 1);
    EXPECT_FALSE(has_it);
    mutex.unlock();
    other.join();
    EXPECT_TRUE(has_it);
    mutex.lock();  // for `outer`
}

TEST(fair_mutex, those_who_wait_have_it_in_the_order_of_their_coming) {
    fair_mutex mutex;
    std::vector<int> order;
    std::vector<std::thread> threads;
    mutex.lock();
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            const std::lock_guard hold(mutex);
            order.push_back(i);
        });
        wait_until_waiting(mutex, static_cast<std::size_t>(i) + 1);
    }
    mutex.unlock();
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

// Once while the other arrives, and once before it is awake.
TEST(fair_mutex, one_that_takes_it_again_and_again_overtakes_a_waiting_thread_once) {
    fair_mutex mutex;
    for (int i = 0; i < 100; ++i) {
        std::atomic<bool> ends = false;
        int overtakes = 0;
        std::thread greedy([&] {
            while (!ends) {
                const std::lock_guard hold(mutex);
                overtakes += mutex.waiting() != 0 ? 1 : 0;
            }
        });
        {
            const std::lock_guard hold(mutex);
            ends = true;
            EXPECT_LE(overtakes, 2);
        }
        greedy.join();
    }
}

TEST(fair_mutex, work_in_the_background_goes_after_all_who_wait) {
    fair_mutex mutex;
    std::atomic<int> served = 0;
    std::vector<std::thread> threads;
    mutex.lock();
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            const std::lock_guard hold(mutex);
            ++served;
        });
    }
    wait_until_waiting(mutex, 4);
    int before_background = 0;
    std::thread background([&] {
        mutex.give_way();
        const std::lock_guard hold(mutex);
        before_background = served;
    });
    mutex.unlock();
    background.join();
    EXPECT_EQ(before_background, 4);
    for (auto& each : threads) {
        each.join();
    }
}

// Two of them, of which one always waits.
TEST(fair_mutex, work_in_the_background_has_its_turn_under_any_load) {
    fair_mutex mutex;
    std::atomic<bool> ends = false;
    const auto work = [&] {
        while (!ends) {
            const std::lock_guard hold(mutex);
            while (mutex.waiting() == 0 && !ends) {
                std::this_thread::yield();
            }
        }
    };
    std::thread first(work);
    std::thread second(work);
    wait_until_waiting(mutex, 1);
    mutex.give_way();
    ends = true;
    first.join();
    second.join();
}

TEST(fair_mutex, who_must_not_wait_has_it_only_where_nobody_else_has_it_or_waits) {
    fair_mutex mutex;
    const auto another_has_it = [&] {
        bool has_it = false;
        std::thread other([&] {
            has_it = mutex.try_lock();
            if (has_it) {
                mutex.unlock();
            }
        });
        other.join();
        return has_it;
    };
    EXPECT_TRUE(another_has_it());
    EXPECT_TRUE(mutex.try_lock());
    EXPECT_TRUE(mutex.try_lock()) << "again, as with lock()";
    EXPECT_FALSE(another_has_it());
    mutex.unlock();
    EXPECT_FALSE(another_has_it());
    std::atomic<bool> ends = false;
    std::thread waits([&] {
        const std::lock_guard hold(mutex);
        while (!ends) {
            std::this_thread::yield();
        }
    });
    wait_until_waiting(mutex, 1);
    mutex.unlock();
    const bool overtook = mutex.try_lock();
    if (overtook) {
        mutex.unlock();
    }
    EXPECT_FALSE(overtook) << "the other has it, or is on its way";
    ends = true;
    waits.join();
    EXPECT_TRUE(another_has_it());
}

}  // namespace
}  // namespace evergrass::db
