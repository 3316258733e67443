#include "cloud/lambda/core_invocations.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace evergrass::cloud::lambda {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds call_interval{1};

mono_time now_mono() {
    return std::chrono::steady_clock::now();
}

}  // namespace

// Of the coroutine that waits for one.
struct core_invocations::signal {
    explicit signal(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;  // touched on its executor only
    std::atomic<bool> set = false;
};

core_invocations::core_invocations(std::function<bool(const std::string&)> wake,
                                   invocation_limits limits)
    : wake_(std::move(wake)), limits_(limits) {}

bool core_invocations::submit(core_order order) {
    const auto id = order.id;
    const auto thing = order.thing;
    {
        const std::lock_guard hold(mutex_);
        const auto now = now_mono();
        drop_stale(now);
        auto& core = cores_[thing];
        const auto bytes = order.payload.size() + order.client_context.size();
        if (core.count >= limits_.most_of_core || waiting_bytes_ + bytes > limits_.most_bytes ||
            entries_.contains(id)) {
            if (core.count == 0) {
                cores_.erase(thing);
            }
            return false;
        }
        entry made;
        made.order = std::move(order);
        made.bytes = bytes;
        made.submitted = now;
        waiting_bytes_ += bytes;
        ++core.count;
        core.waiting.push_back(id);
        entries_.emplace(id, std::move(made));
    }
    const bool polls = wake_(thing);
    const std::lock_guard hold(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end()) {
        found->second.polled = polls;
    }
    return true;
}

std::optional<core_order> core_invocations::take(const std::string& thing) {
    const std::lock_guard hold(mutex_);
    const auto core = cores_.find(thing);
    if (core == cores_.end()) {
        return std::nullopt;
    }
    const auto now = now_mono();
    core->second.heard = now;
    auto& waiting = core->second.waiting;
    while (!waiting.empty()) {
        const auto found = entries_.find(waiting.front());
        waiting.pop_front();
        if (found == entries_.end() || found->second.taken) {
            continue;
        }
        auto& one = found->second;
        one.taken = true;
        one.fetched = now;
        waiting_bytes_ -= std::exchange(one.bytes, 0);
        auto order = one.order;
        one.order.payload = {};
        return order;
    }
    return std::nullopt;
}

bool core_invocations::call(const std::string& thing) {
    const std::lock_guard hold(mutex_);
    const auto core = cores_.find(thing);
    if (core == cores_.end()) {
        return false;
    }
    const auto now = now_mono();
    bool any = false;
    for (const auto& id : core->second.waiting) {
        const auto found = entries_.find(id);
        if (found != entries_.end() && now - found->second.called > call_interval) {
            found->second.called = now;
            any = true;
        }
    }
    return any;
}

bool core_invocations::finish(const std::string& thing, const std::string& id,
                              core_outcome outcome) {
    const std::lock_guard hold(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.order.thing != thing || !found->second.taken ||
        found->second.outcome) {
        return false;
    }
    cores_[thing].heard = now_mono();
    make_known(found->second, std::move(outcome));
    return true;
}

void core_invocations::make_known(entry& of, core_outcome outcome) {
    of.outcome = std::move(outcome);
    if (const auto waiter = of.waiter) {
        waiter->set = true;
        // Behind whatever the executor is in the middle of: a wait that looked just before has
        // started its timer by then.
        asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
    }
}

bool core_invocations::knows(const std::string& id) const {
    const std::lock_guard hold(mutex_);
    return entries_.contains(id);
}

void core_invocations::forget(const std::string& id) {
    const std::lock_guard hold(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end()) {
        drop(found);
    }
}

void core_invocations::drop(entries::iterator which) {
    waiting_bytes_ -= which->second.bytes;
    const auto core = cores_.find(which->second.order.thing);
    entries_.erase(which);
    if (--core->second.count == 0) {
        cores_.erase(core);
    }
}

// Those that nobody ever waited for.
void core_invocations::drop_stale(mono_time now) {
    for (auto it = entries_.begin(); it != entries_.end();) {
        const auto each = it++;
        if (!each->second.waiter && now - each->second.submitted > limits_.longest) {
            drop(each);
        }
    }
}

std::shared_ptr<core_invocations::signal> core_invocations::wait_at(
    const std::string& id, const asio::any_io_executor& executor) {
    const std::lock_guard hold(mutex_);
    const auto found = entries_.find(id);
    auto made = std::make_shared<signal>(executor);
    if (found != entries_.end()) {
        found->second.waiter = made;
    }
    return made;
}

std::optional<core_outcome> core_invocations::look(const std::string& id, mono_time& until) {
    const std::lock_guard hold(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        return core_outcome{core_outcome::kind::lost, {}, {}, {}};
    }
    auto& one = found->second;
    if (one.outcome) {
        return std::move(*one.outcome);
    }
    const auto now = now_mono();
    if (!one.taken) {
        until = one.submitted + (one.polled ? limits_.fetch : limits_.fetch_when_away);
        if (now >= until) {
            return core_outcome{core_outcome::kind::away, {}, {}, {}};
        }
        return std::nullopt;
    }
    until =
        std::min(cores_[one.order.thing].heard + limits_.silence, one.fetched + limits_.longest);
    if (now >= until) {
        return core_outcome{core_outcome::kind::lost, {}, {}, {}};
    }
    return std::nullopt;
}

asio::awaitable<core_outcome> core_invocations::outcome_of(core_invocations* self, std::string id) {
    const auto waiter = self->wait_at(id, co_await asio::this_coro::executor);
    const std::shared_ptr<void> forgotten(nullptr, [self, id](void*) { self->forget(id); });
    for (;;) {
        mono_time until{};
        if (auto outcome = self->look(id, until)) {
            co_return std::move(*outcome);
        }
        if (!waiter->set.exchange(false)) {
            waiter->timer.expires_at(until);
            boost::system::error_code code;
            co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
        }
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
}

}  // namespace evergrass::cloud::lambda
