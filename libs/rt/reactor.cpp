#include "libs/rt/reactor.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace evergrass::rt {
namespace {

constexpr int max_events = 256;  // of one turn; more wait for the next
constexpr std::uint64_t wake_up_id = 0;

[[noreturn]] void fail(const char* call) {
    throw std::system_error(errno, std::generic_category(), call);
}

reactor::watch_id id_of(std::uint32_t index, std::uint32_t generation) {
    return std::uint64_t{generation} << 32U | index;
}

std::uint32_t index_of(reactor::watch_id id) {
    return static_cast<std::uint32_t>(id);
}

std::uint32_t generation_of(reactor::watch_id id) {
    return static_cast<std::uint32_t>(id >> 32U);
}

// Never 0, so that no id is 0 either.
void next_generation(std::uint32_t& generation) {
    generation = generation == std::numeric_limits<std::uint32_t>::max() ? 1 : generation + 1;
}

std::uint32_t events_for(bool readable, bool writable) {
    return (readable ? std::uint32_t{EPOLLIN} : 0U) | (writable ? std::uint32_t{EPOLLOUT} : 0U);
}

struct later {
    template <class Alarm>
    bool operator()(const Alarm& a, const Alarm& b) const {
        return a.when > b.when;
    }
};

// Rounded up: a timer that is looked at too early would have to be looked at again.
int to_milliseconds(mono_time::duration left) {
    if (left <= mono_time::duration::zero()) {
        return 0;
    }
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::min<std::int64_t>(whole, std::numeric_limits<int>::max()));
}

}  // namespace

reactor::reactor(host* owner)
    : host_(owner),
      now_(std::chrono::steady_clock::now()),
      events_(std::make_unique<epoll_event[]>(max_events)) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) {
        fail("epoll_create1");
    }
    wake_up_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_up_ < 0) {
        close(epoll_);
        fail("eventfd");
    }
    // Edge-triggered: each write to it wakes once, and nobody has to read it.
    epoll_event wanted{};
    wanted.events = EPOLLIN | std::uint32_t{EPOLLET};
    wanted.data.u64 = wake_up_id;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_up_, &wanted) != 0) {
        close(wake_up_);
        close(epoll_);
        fail("epoll_ctl");
    }
}

reactor::~reactor() {
    posted_.close();
    close(wake_up_);
    close(epoll_);
}

reactor::watch_id reactor::watch(int descriptor, watcher& who, bool readable) {
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const auto index = free_slots_.back();
    auto& fresh = slots_[index];
    epoll_event wanted{};
    wanted.events = events_for(readable, false);
    wanted.data.u64 = id_of(index, fresh.generation);
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted) != 0) {
        return 0;
    }
    free_slots_.pop_back();
    fresh.who = &who;
    fresh.descriptor = descriptor;
    fresh.events = wanted.events;
    ++watched_;
    return wanted.data.u64;
}

reactor::slot* reactor::find(watch_id which) {
    const auto index = index_of(which);
    if (index >= slots_.size() || slots_[index].generation != generation_of(which)) {
        return nullptr;
    }
    auto& found = slots_[index];
    return found.who == nullptr ? nullptr : &found;
}

void reactor::want(watch_id which, bool readable, bool writable) {
    auto* found = find(which);
    const auto events = events_for(readable, writable);
    if (found == nullptr || found->events == events) {
        return;
    }
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.u64 = which;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, found->descriptor, &wanted);
    found->events = events;
}

void reactor::unwatch(watch_id which) {
    auto* found = find(which);
    if (found == nullptr) {
        return;
    }
    epoll_ctl(epoll_, EPOLL_CTL_DEL, found->descriptor, nullptr);
    found->who = nullptr;
    next_generation(found->generation);
    free_slots_.push_back(index_of(which));
    --watched_;
}

void reactor::post(std::function<void()> work) {
    if (posted_.put(std::move(work))) {
        wake();
    }
}

// Sequentially consistent, as in wait_for(): either the loop sees `woken_` before it sleeps, or we
// see that it does.
void reactor::wake() {
    woken_.store(true);
    if (sleeping_.load() && sleeping_.exchange(false)) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_up_, &one, sizeof one);
    }
}

void reactor::run() {
    now_ = std::chrono::steady_clock::now();
    while (!stopped_.load(std::memory_order_relaxed)) {
        turn(std::chrono::milliseconds::max());
    }
}

void reactor::stop() {
    stopped_.store(true);
    posted_.close();
    wake();
}

void reactor::turn(std::chrono::milliseconds wait_at_most) {
    const int count = wait_for(wait_at_most);
    now_ = std::chrono::steady_clock::now();
    woken_.store(false);
    if (host_ != nullptr) {
        host_->turn_begins();
    }
    run_posted();
    dispatch(count);
    fire_timers();
    if (host_ != nullptr) {
        host_->turn_ends();
    }
}

int reactor::wait_for(std::chrono::milliseconds at_most) {
    int timeout = at_most == std::chrono::milliseconds::max() ? -1 : to_milliseconds(at_most);
    if (!alarms_.empty()) {
        const int until_alarm = to_milliseconds(alarms_.front().when - now_);
        timeout = timeout < 0 ? until_alarm : std::min(timeout, until_alarm);
    }
    if (timeout != 0) {
        sleeping_.store(true);
        if (woken_.load()) {
            timeout = 0;
        }
    }
    const int count = epoll_wait(epoll_, events_.get(), max_events, timeout);
    sleeping_.store(false, std::memory_order_relaxed);
    return std::max(count, 0);  // EINTR is a turn without events
}

void reactor::dispatch(int count) {
    for (int i = 0; i < count; ++i) {
        const auto event = events_[static_cast<std::size_t>(i)];
        if (auto* found = event.data.u64 == wake_up_id ? nullptr : find(event.data.u64)) {
            const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
            found->who->ready(broken || (event.events & EPOLLIN) != 0,
                              broken || (event.events & EPOLLOUT) != 0);
        }
    }
}

void reactor::run_posted() {
    posted_.take(running_);
    for (auto& work : running_) {
        work();
        work = nullptr;  // what it holds goes before the next one runs
    }
    running_.clear();
}

void reactor::set_alarm(std::uint32_t index, mono_time when) {
    alarms_.push_back({when, index, timers_[index].generation});
    std::push_heap(alarms_.begin(), alarms_.end(), later());
}

void reactor::fire_timers() {
    // No more than there were: a call may ask to be called at once, again and again.
    for (auto left = alarms_.size(); left > 0; --left) {
        if (alarms_.empty() || alarms_.front().when > now_) {
            return;
        }
        std::pop_heap(alarms_.begin(), alarms_.end(), later());
        const auto alarm = alarms_.back();
        alarms_.pop_back();
        auto* who = timers_[alarm.index].who;
        if (timers_[alarm.index].generation != alarm.generation || who->alarm_ != alarm.when) {
            continue;  // destroyed since, or moved to an earlier time
        }
        who->alarm_ = mono_time::max();
        if (who->due_ > now_) {
            who->at(who->due_);
            continue;
        }
        who->due_ = mono_time::max();
        auto call = std::exchange(who->call_, nullptr);
        call();
        if (timers_[alarm.index].generation == alarm.generation) {
            who->call_ = std::move(call);
        }
    }
}

timer::timer(reactor& loop, std::function<void()> call) : loop_(loop), call_(std::move(call)) {
    if (loop_.free_timers_.empty()) {
        loop_.free_timers_.push_back(static_cast<std::uint32_t>(loop_.timers_.size()));
        loop_.timers_.emplace_back();
    }
    index_ = loop_.free_timers_.back();
    loop_.free_timers_.pop_back();
    loop_.timers_[index_].who = this;
}

timer::~timer() {
    auto& place = loop_.timers_[index_];
    place.who = nullptr;
    next_generation(place.generation);
    loop_.free_timers_.push_back(index_);
}

void timer::at(mono_time when) {
    due_ = when;
    if (when < alarm_) {
        alarm_ = when;
        loop_.set_alarm(index_, when);
    }
}

}  // namespace evergrass::rt
