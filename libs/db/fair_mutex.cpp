#include "libs/db/fair_mutex.hpp"

namespace evergrass::db {

void fair_mutex::take(std::thread::id by) {
    owner_.store(by, std::memory_order_relaxed);
    depth_ = 1;
}

void fair_mutex::lock() {
    const auto me = std::this_thread::get_id();
    // Nobody but this thread writes its id there.
    if (owner_.load(std::memory_order_relaxed) == me) {
        ++depth_;
        return;
    }
    std::unique_lock hold(guard_);
    const auto is_free = [this] {
        return owner_.load(std::memory_order_relaxed) == std::thread::id();
    };
    if (is_free()) {
        take(me);
        return;
    }
    waiter mine{me};
    queue_.push_back(&mine);
    waiting_.store(queue_.size(), std::memory_order_relaxed);
    mine.turn.wait(hold, [&] { return mine.has_it || (is_free() && queue_.front() == &mine); });
    if (!mine.has_it) {
        queue_.pop_front();
        waiting_.store(queue_.size(), std::memory_order_relaxed);
        take(me);
    }
    ++turns_;
    turn_taken_.notify_all();
}

bool fair_mutex::try_lock() {
    const auto me = std::this_thread::get_id();
    if (owner_.load(std::memory_order_relaxed) == me) {
        ++depth_;
        return true;
    }
    const std::lock_guard hold(guard_);
    if (owner_.load(std::memory_order_relaxed) != std::thread::id() || !queue_.empty()) {
        return false;
    }
    take(me);
    return true;
}

void fair_mutex::unlock() {
    if (--depth_ > 0) {
        return;
    }
    const std::lock_guard hold(guard_);
    owner_.store(std::thread::id(), std::memory_order_relaxed);
    if (queue_.empty()) {
        return;
    }
    auto& next = *queue_.front();
    if (next.was_woken) {  // and another was faster
        next.has_it = true;
        queue_.pop_front();
        waiting_.store(queue_.size(), std::memory_order_relaxed);
        take(next.who);
    }
    next.was_woken = true;
    next.turn.notify_one();
}

void fair_mutex::give_way() {
    if (owner_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
        return;
    }
    std::unique_lock hold(guard_);
    const auto last = turns_ + most_before_background;
    turn_taken_.wait(hold, [&] { return queue_.empty() || turns_ >= last; });
}

}  // namespace evergrass::db
