#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <pthread.h>
#include <utility>

namespace evergrass {

// A T for each thread that asks for one, made when it first does and found again without a lock.
// For what threads count or remember apart, so that they do not write to each other's memory. Any
// thread may call here(); what it returns is that thread's alone, and lives as long as this. The
// threads may end before: one that begins later, and is given the same number by the system, goes
// on with what its predecessor left.
template <class T>
class per_thread {
public:
    // `make` may be called by several threads at once.
    explicit per_thread(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}
    per_thread(const per_thread&) = delete;
    per_thread& operator=(const per_thread&) = delete;
    ~per_thread() {
        for (auto* block = first_.next.load(); block != nullptr;) {
            delete std::exchange(block, block->next.load());
        }
    }

    T& here() {
        const auto me = reinterpret_cast<std::uintptr_t>(reinterpret_cast<void*>(pthread_self()));
        const auto& nearest = first_.all[start(me)];
        if (nearest.owner.load(std::memory_order_relaxed) == me) [[likely]] {
            return *nearest.value;
        }
        return look_further(me);
    }

private:
    static constexpr std::size_t slots = 16;

    [[gnu::noinline]] T& look_further(std::uintptr_t me) {
        for (auto* block = &first_;; block = &following(*block)) {
            for (std::size_t i = 0; i < slots; ++i) {
                auto& one = block->all[(start(me) + i) % slots];
                const auto owner = one.owner.load(std::memory_order_relaxed);
                if (owner == me) {
                    return *one.value;
                }
                std::uintptr_t nobody = 0;
                if (owner == 0 && one.owner.compare_exchange_strong(nobody, me)) {
                    one.value = make_();
                    return *one.value;
                }
            }
        }
    }

    struct slot {
        std::atomic<std::uintptr_t> owner{0};
        std::unique_ptr<T> value;  // the owner's thread alone reads and writes it
    };
    struct block {
        std::array<slot, slots> all;
        std::atomic<block*> next{nullptr};
    };

    // Numbers of threads are addresses of their stacks: far apart, and alike in the low bits.
    static std::size_t start(std::uintptr_t thread) {
        return (thread >> 12U) * 0x9E3779B97F4A7C15U >> 60U;
    }

    static block& following(block& full) {
        auto* next = full.next.load(std::memory_order_acquire);
        if (next == nullptr) {
            auto fresh = std::make_unique<block>();
            if (full.next.compare_exchange_strong(next, fresh.get())) {
                next = fresh.release();
            }
        }
        return *next;
    }

    std::function<std::unique_ptr<T>()> make_;
    block first_;
};

}  // namespace evergrass
