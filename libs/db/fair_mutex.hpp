#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

namespace evergrass::db {

// A recursive mutex that no thread waits for in vain: those who wait have it in the order of their
// coming, and each is overtaken at most once, by a thread that is running while the one it would
// have to wait for is still being woken. (std::recursive_mutex goes to whoever asks at the right
// moment: to a thread that takes it again and again, rather than to those that sleep.)
class fair_mutex {
public:
    // How many may go before one that gives way.
    static constexpr std::uint64_t most_before_background = 64;

    fair_mutex() = default;
    fair_mutex(const fair_mutex&) = delete;
    fair_mutex& operator=(const fair_mutex&) = delete;

    void lock();
    void unlock();

    // For threads that must not wait: false where another has it, or waits for it.
    bool try_lock();

    // How many threads wait in lock(). Any thread.
    std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

    // For work that may take its time, before it calls lock(): returns when nobody waits in lock(),
    // or `most_before_background` of them have had it meanwhile. At once for who holds it.
    void give_way();

private:
    struct waiter {
        std::thread::id who;
        bool was_woken = false;
        bool has_it = false;
        std::condition_variable turn{};
    };

    void take(std::thread::id by);

    std::mutex guard_;  // of all below; held for moments
    std::atomic<std::thread::id> owner_{};
    std::size_t depth_ = 0;  // the owner's alone, while there is one
    std::deque<waiter*> queue_;
    std::atomic<std::size_t> waiting_{0};
    std::uint64_t turns_ = 0;  // of those who waited
    std::condition_variable turn_taken_;
};

}  // namespace evergrass::db
