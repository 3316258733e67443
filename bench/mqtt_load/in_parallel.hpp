#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace mqtt_load {

// Calls action(0) ... action(count - 1), several at a time: a broker that answers late, as one with
// Nagle's algorithm does, then holds up the others less. Throws what the first that failed threw.
template <typename Action>
void in_parallel(std::size_t count, const Action& action) {
    constexpr std::size_t most_threads = 32;
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&] {
        try {
            for (auto i = next++; i < count; i = next++) {
                action(i);
            }
        } catch (...) {
            next = count;
            const std::lock_guard lock(failure_mutex);
            if (!failure) {
                failure = std::current_exception();
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < std::min(count, most_threads); ++i) {
            threads.emplace_back(work);
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace mqtt_load
