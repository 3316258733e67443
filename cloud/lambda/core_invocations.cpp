#include "cloud/lambda/core_invocations.hpp"

#include "libs/rt/run_on.hpp"

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
// Of a core that another service has one for: longer than it waits for somebody to fetch it.
constexpr std::chrono::seconds wanted_interval{20};
// A core that runs some asks for more at least every 20 s: so often that one which waits hears it.
constexpr std::chrono::seconds go_on_interval{10};

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

void core_invocations::share(invocations_elsewhere& with, asio::any_io_executor blocking) {
    elsewhere_ = &with;
    blocking_ = std::move(blocking);
}

bool core_invocations::submit(core_order order) {
    const auto id = order.id;
    const auto thing = order.thing;
    const auto offered = elsewhere_ != nullptr ? std::optional(order) : std::nullopt;
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
    {
        const std::lock_guard hold(mutex_);
        const auto found = entries_.find(id);
        if (found == entries_.end()) {
            return true;
        }
        found->second.polled = polls;
        if (polls || found->second.taken || !offered) {
            return true;
        }
        // From now on it is fetched from the store, by whichever service, this one too.
        found->second.offered = true;
        std::erase(cores_[thing].waiting, id);
    }
    elsewhere_->offer(*offered);
    heard_of_core(thing);
    return true;
}

void core_invocations::heard_of_core(const std::string& thing) {
    {
        const std::lock_guard hold(mutex_);
        const auto now = now_mono();
        std::erase_if(wanted_,
                      [&](const auto& each) { return now - each.second.heard > wanted_interval; });
        auto& core = wanted_[thing];
        core.heard = now;
        core.called = {};
        ++core.times;
    }
    wake_(thing);
}

bool core_invocations::offers(const std::string& id) const {
    const std::lock_guard hold(mutex_);
    const auto found = entries_.find(id);
    return found != entries_.end() && found->second.offered;
}

void core_invocations::note_taken(const std::string& id) {
    const std::lock_guard hold(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        return;
    }
    auto& one = found->second;
    const auto now = now_mono();
    cores_[one.order.thing].heard = now;
    if (!std::exchange(one.taken, true)) {
        one.fetched = now;
        waiting_bytes_ -= std::exchange(one.bytes, 0);
        one.order.payload = {};
    }
}

void core_invocations::heard_of(const std::string& id) {
    if (elsewhere_ == nullptr || !offers(id)) {
        return;
    }
    auto now = elsewhere_->look(id);
    if (now.taken) {
        note_taken(id);
    }
    if (now.outcome) {
        const std::lock_guard hold(mutex_);
        const auto found = entries_.find(id);
        if (found != entries_.end() && !found->second.outcome) {
            make_known(found->second, std::move(*now.outcome));
        }
    }
}

std::optional<core_order> core_invocations::take(const std::string& thing) {
    if (elsewhere_ == nullptr) {
        return take_here(thing);
    }
    tell_that_they_go_on(thing);
    auto order = take_here(thing);
    if (!order) {
        return take_elsewhere(thing);
    }
    elsewhere_->fetched_here(*order);
    const std::lock_guard hold(mutex_);
    if (const auto found = entries_.find(order->id); found != entries_.end()) {
        found->second.offered = true;
    }
    return order;
}

std::optional<core_order> core_invocations::take_elsewhere(const std::string& thing) {
    std::uint64_t times = 0;
    {
        const std::lock_guard hold(mutex_);
        const auto wanted = wanted_.find(thing);
        if (wanted == wanted_.end()) {
            return std::nullopt;
        }
        times = wanted->second.times;
    }
    auto order = elsewhere_->take(thing);
    if (!order) {
        const std::lock_guard hold(mutex_);
        const auto wanted = wanted_.find(thing);
        if (wanted != wanted_.end() && wanted->second.times == times) {
            wanted_.erase(wanted);
        }
        return std::nullopt;
    }
    if (offers(order->id)) {
        note_taken(order->id);
        return order;
    }
    const std::lock_guard hold(mutex_);
    const auto now = now_mono();
    for_others_[thing].push_back({order->id, now, now});
    return order;
}

void core_invocations::tell_that_they_go_on(const std::string& thing) {
    std::vector<std::string> ids;
    {
        const std::lock_guard hold(mutex_);
        const auto core = for_others_.find(thing);
        if (core == for_others_.end()) {
            return;
        }
        const auto now = now_mono();
        std::erase_if(core->second,
                      [&](const auto& each) { return now - each.since > limits_.longest; });
        for (auto& each : core->second) {
            if (now - each.told > go_on_interval) {
                each.told = now;
                ids.push_back(each.id);
            }
        }
        if (core->second.empty()) {
            for_others_.erase(core);
        }
    }
    for (const auto& id : ids) {
        elsewhere_->goes_on(id);
    }
}

std::optional<core_order> core_invocations::take_here(const std::string& thing) {
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
    const auto now = now_mono();
    bool any = false;
    if (const auto wanted = wanted_.find(thing); wanted != wanted_.end() &&
                                                 now - wanted->second.heard < wanted_interval &&
                                                 now - wanted->second.called > call_interval) {
        wanted->second.called = now;
        any = true;
    }
    const auto core = cores_.find(thing);
    if (core == cores_.end()) {
        return any;
    }
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
    std::unique_lock hold(mutex_);
    const auto found = entries_.find(id);
    if (elsewhere_ != nullptr &&
        (found == entries_.end() || (found->second.offered && !found->second.taken))) {
        if (const auto core = for_others_.find(thing); core != for_others_.end()) {
            std::erase_if(core->second, [&](const auto& each) { return each.id == id; });
        }
        hold.unlock();  // it waits for the store
        const bool waited_for = elsewhere_->finish(thing, id, outcome);
        heard_of(id);  // where it was offered here
        return waited_for;
    }
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
        if (found->second.offered) {
            asio::post(blocking_, [elsewhere = elsewhere_, id] { elsewhere->remove(id); });
        }
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
        until = one.submitted + (one.polled    ? limits_.fetch
                                 : one.offered ? limits_.fetch_elsewhere
                                               : limits_.fetch_when_away);
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
            // Nothing runs only if no other service has given it to the core just now.
            if (outcome->what == core_outcome::kind::away && self->offers(id)) {
                const std::function<bool()> was_taken = [self, &id] {
                    return !self->elsewhere_->withdraw(id) && self->elsewhere_->look(id).taken;
                };
                if (co_await rt::run_on(self->blocking_, was_taken)) {
                    self->note_taken(id);
                    continue;
                }
            }
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
