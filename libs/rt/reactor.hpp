#pragma once

#include "libs/base/time.hpp"
#include "libs/rt/mailbox.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

struct epoll_event;

namespace evergrass::rt {

// One thread's event loop: descriptors, timers, and work that other threads hand in.
// Level-triggered epoll, and no system call that a message could do without: a descriptor is
// registered once, the clock is read once a turn, and a sleeping loop is woken by one write however
// much is handed in.
//
// All members are for the loop's thread (or, before run(), for the one who made it), but for
// post(), wake() and stop(), which any thread may call.
class reactor {
public:
    // Whoever owns a descriptor. It may unwatch itself or others, and be destroyed, in ready().
    class watcher {
    public:
        virtual ~watcher() = default;
        // A hang-up and an error count as both: the read or write that follows will tell.
        virtual void ready(bool readable, bool writable) = 0;
    };

    // Whoever owns the loop.
    class host {
    public:
        virtual ~host() = default;
        // The loop has woken; nothing else of this turn has been called.
        virtual void turn_begins() = 0;
        // All that this turn brought has been handled.
        virtual void turn_ends() = 0;
    };

    // One watched descriptor. Plain; 0 is never one.
    using watch_id = std::uint64_t;

    // Errors of the system (descriptors, memory) throw: there is no program without a loop.
    explicit reactor(host* owner = nullptr);
    ~reactor();
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;

    // 0 when the system refuses: memory, or its limit of watches.
    [[nodiscard]] watch_id watch(int descriptor, watcher& who, bool readable = true);
    // Cheap when nothing changes.
    void want(watch_id which, bool readable, bool writable);
    // Nothing is called for it any more, in this turn neither. The descriptor must still be open.
    void unwatch(watch_id which);

    // Runs `work` on the loop's thread, in order of posting by one thread. Dropped when the loop
    // has been told to stop, destroyed at the latest with it.
    void post(std::function<void()> work);
    // Makes a turn happen soon: for those who keep a mailbox of their own and look at it in
    // turn_begins().
    void wake();

    // Turns until stop().
    void run();
    // Ends run(), now or when it begins.
    void stop();
    // One turn; waits for at most so long when nothing is to be done. For tests.
    void turn(std::chrono::milliseconds wait_at_most);

    // The time at which this turn began.
    mono_time now() const { return now_; }
    std::size_t watched() const { return watched_; }

private:
    friend class timer;
    struct slot {
        watcher* who = nullptr;  // null: free
        int descriptor = -1;
        std::uint32_t generation = 1;  // of the id, so that one of before is known
        std::uint32_t events = 0;
    };
    struct alarm {
        mono_time when;
        std::uint32_t index;
        std::uint32_t generation;
    };
    struct timer_slot {
        class timer* who = nullptr;
        std::uint32_t generation = 1;
    };

    slot* find(watch_id which);
    int wait_for(std::chrono::milliseconds at_most);
    void dispatch(int count);
    void run_posted();
    void fire_timers();
    void set_alarm(std::uint32_t index, mono_time when);

    host* host_;
    int epoll_ = -1;
    int wake_up_ = -1;
    mono_time now_;
    std::unique_ptr<epoll_event[]> events_;
    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    std::size_t watched_ = 0;
    std::vector<alarm> alarms_;  // a heap, the earliest first
    std::vector<timer_slot> timers_;
    std::vector<std::uint32_t> free_timers_;
    mailbox<std::function<void()>> posted_;
    std::vector<std::function<void()>> running_;
    std::atomic<bool> woken_ = false;
    std::atomic<bool> sleeping_ = false;
    std::atomic<bool> stopped_ = false;
};

// Calls at a time, on the loop's thread. To move it later, or to call it off, costs next to
// nothing: the loop wakes at the old time and looks again. Destroy it before its loop; it may
// destroy itself in its call.
class timer {
public:
    timer(reactor& loop, std::function<void()> call);
    ~timer();
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    // At the earliest then, and not more than a millisecond and what else there is to do later;
    // mono_time::max(): not at all. Once for each call of at().
    void at(mono_time when);
    mono_time due() const { return due_; }

private:
    friend class reactor;
    reactor& loop_;
    std::function<void()> call_;
    mono_time due_ = mono_time::max();
    mono_time alarm_ = mono_time::max();  // the earliest in the loop's heap that is ours
    std::uint32_t index_;
};

}  // namespace evergrass::rt
