#pragma once

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace evergrass::rt {

// What other threads hand to one, in order. The reader takes all of it at once, and looks at one
// flag when there is nothing.
template <class T>
class mailbox {
public:
    // Any thread. False once it has been closed: the item has been destroyed.
    bool put(T item) {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return false;
        }
        items_.push_back(std::move(item));
        filled_.store(true, std::memory_order_release);
        return true;
    }

    // The reader's thread. Replaces what is in `into`, whose memory is used again.
    void take(std::vector<T>& into) {
        into.clear();
        if (!filled_.load(std::memory_order_acquire)) {
            return;
        }
        const std::lock_guard lock(mutex_);
        into.swap(items_);
        filled_.store(false, std::memory_order_relaxed);
    }

    bool empty() const { return !filled_.load(std::memory_order_acquire); }

    // Takes nothing more. What is there is destroyed, outside of the lock.
    void close() {
        std::vector<T> dropped;
        const std::lock_guard lock(mutex_);
        closed_ = true;
        dropped.swap(items_);
        filled_.store(false, std::memory_order_relaxed);
    }

private:
    std::mutex mutex_;
    std::vector<T> items_;
    std::atomic<bool> filled_ = false;
    bool closed_ = false;
};

}  // namespace evergrass::rt
