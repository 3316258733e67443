#include "libs/pki/key_pool.hpp"

#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace evergrass::pki {
namespace {

// Makes "1", "2", … and counts.
struct counter {
    std::atomic<int> made{0};
    std::function<std::string()> maker() {
        return [this] { return std::to_string(++made); };
    }
};

void until(const std::function<bool()>& is_so) {
    while (!is_so()) {
        std::this_thread::yield();
    }
}

TEST(key_pool, nothing_is_made_before_a_key_is_asked_for) {
    counter all;
    rsa_key_pool pool(8, all.maker());
    EXPECT_EQ(pool.waiting(), 0);
    EXPECT_EQ(all.made, 0);
    EXPECT_FALSE(pool.take().empty());
    until([&] { return pool.waiting() == 2; });
}

TEST(key_pool, who_finds_it_empty_makes_it_keep_more_up_to_its_limit) {
    counter all;
    rsa_key_pool pool(8, all.maker());
    std::set<std::string> taken;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(taken.insert(pool.take()).second) << "a key was given away twice";
    }
    EXPECT_LE(pool.waiting(), 8);
}

TEST(key_pool, each_key_goes_to_one_of_many_threads) {
    counter all;
    std::mutex mutex;
    std::set<std::string> taken;
    {
        rsa_key_pool pool(64, all.maker());
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 250; ++i) {
                    auto key = pool.take();
                    const std::lock_guard lock(mutex);
                    taken.insert(std::move(key));
                }
            });
        }
        for (auto& t : threads) {
            t.join();
        }
    }
    EXPECT_EQ(taken.size(), 1000);
}

TEST(key_pool, its_keys_are_rsa_keys) {
    rsa_key_pool pool(2);
    const auto first = pool.take();
    EXPECT_TRUE(public_key_of(first)) << first;
    until([&] { return pool.waiting() == 2; });
    const auto second = pool.take();
    EXPECT_TRUE(public_key_of(second)) << second;
    EXPECT_NE(first, second);
}

TEST(key_pool, a_key_in_the_making_is_given_up) {
    std::atomic<bool> stops = true;
    EXPECT_FALSE(detail::generate_rsa_key(stops));
    stops = false;
    const auto key = detail::generate_rsa_key(stops);
    ASSERT_TRUE(key);
    EXPECT_TRUE(public_key_of(*key)) << *key;
}

}  // namespace
}  // namespace evergrass::pki
