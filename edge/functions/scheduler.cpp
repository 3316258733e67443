#include "edge/functions/scheduler.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace evergrass::edge::functions {

namespace {

using std::chrono::milliseconds;

// V1 restarted pinned functions without documenting its pace. The first restart follows at once;
// one that goes on failing is tried after 1, 2, 4 … 60 s; a minute of life makes it the first
// again.
constexpr milliseconds first_pause{1000};
constexpr milliseconds longest_pause{60'000};
constexpr milliseconds forgiven_after{60'000};

milliseconds restart_pause(std::uint32_t failures_in_row) {
    if (failures_in_row <= 1) {
        return milliseconds{0};
    }
    const auto doublings = std::min<std::uint32_t>(failures_in_row - 2, 6);
    return std::min(first_pause * (1 << doublings), longest_pause);
}

std::string timeout_text(milliseconds timeout) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "Task timed out after %.2f seconds",
                  static_cast<double>(timeout.count()) / 1000.0);
    return text.data();
}

}  // namespace

outcome unhandled_error(std::string_view text, std::string_view type) {
    json::object body;
    body["errorMessage"] = text;
    body["errorType"] = type;
    return {outcome_kind::unhandled, json::serialize(body)};
}

void scheduler::add(function_spec spec, mono_time now, bool held) {
    auto f = std::make_shared<function>();
    f->spec = std::move(spec);
    f->held = true;
    auto& place = functions_[f->spec.arn];
    if (place) {
        f->queue = std::move(place->queue);
    }
    place = f;
    if (!held) {
        release(f->spec.arn, now);
    }
}

void scheduler::release(const std::string& arn, mono_time now) {
    const auto found = functions_.find(arn);
    if (found == functions_.end() || !found->second->held) {
        return;
    }
    found->second->held = false;
    if (found->second->spec.pinned || found->second->spec.tended) {
        launch(found->second, now);
    } else {
        serve_queues(now);
    }
}

void scheduler::remove(const std::string& arn) {
    const auto found = functions_.find(arn);
    if (found == functions_.end()) {
        return;
    }
    const auto f = found->second;
    functions_.erase(found);
    take_down(f, false);
    while (!f->queue.empty()) {
        fail(*f, pop(*f), unhandled_error("The function was stopped.", "Function.Stopped"));
    }
}

void scheduler::retire(const std::string& arn, bool at_once) {
    const auto found = functions_.find(arn);
    if (found == functions_.end()) {
        return;
    }
    auto successor = std::make_shared<function>();
    successor->spec = found->second->spec;
    successor->held = true;
    successor->queue = std::exchange(found->second->queue, {});
    take_down(found->second, at_once);
    found->second = std::move(successor);
}

void scheduler::stop() {
    while (!functions_.empty()) {
        remove(std::string(functions_.begin()->first));
    }
    for (auto& [id, w] : workers_) {
        end(w, false);
    }
}

bool scheduler::has_former_workers() const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](const auto& one) { return one.second.owner->removed; });
}

bool scheduler::has_former_workers(std::string_view unqualified_arn) const {
    return std::any_of(workers_.begin(), workers_.end(), [unqualified_arn](const auto& one) {
        const auto& f = *one.second.owner;
        const auto arn = parse_function_arn(f.spec.arn);
        return f.removed && arn && arn->unqualified() == unqualified_arn;
    });
}

bool scheduler::has_former_workers_ending() const {
    return std::any_of(workers_.begin(), workers_.end(), [](const auto& one) {
        return one.second.owner->removed && one.second.ending;
    });
}

std::string scheduler::resolve(std::string_view arn) const {
    if (const auto exact = functions_.find(arn); exact != functions_.end()) {
        return exact->first;
    }
    // Versions of one function stand together in the map.
    const std::string prefix = std::string(arn) + ":";
    const auto first = functions_.lower_bound(prefix);
    if (first == functions_.end() || !first->first.starts_with(prefix)) {
        return {};
    }
    const auto parsed = parse_function_arn(first->first);
    if (!parsed || parsed->unqualified() != arn) {
        return {};
    }
    std::string found;
    std::string tended;
    for (auto it = first; it != functions_.end() && it->first.starts_with(prefix); ++it) {
        if (it->second->spec.tended) {
            tended = it->first;
        } else if (found.empty()) {
            found = it->first;
        } else {
            return {};
        }
    }
    return found.empty() ? tended : found;
}

std::optional<refusal> scheduler::submit(const std::string& arn, work item, mono_time now) {
    const auto found = functions_.find(arn);
    if (found == functions_.end()) {
        return refusal::unknown_function;
    }
    if (const worker* invoker = find(item.invoker); invoker != nullptr) {
        item.depth = invoker->working_on.empty() ? 1 : invoker->depth + 1;
        if (item.depth > max_depth) {
            return refusal::too_deep;
        }
    }
    const auto& f = found->second;
    if (!f->idle.empty()) {
        hand(workers_.at(f->idle.back()), std::move(item), now);
        return std::nullopt;
    }
    if (queued_ >= limits_.max_work_items) {
        return refusal::queue_full;
    }
    f->queue.push_back({++last_order_, std::move(item)});
    ++queued_;
    wake_tended(f, now);
    serve_queues(now);
    return std::nullopt;
}

void scheduler::ask(worker_id id, mono_time now) {
    worker* w = find(id);
    if (w == nullptr || w->ending) {
        return;
    }
    mark_initialized(*w);
    if (!w->working_on.empty()) {
        complete(*w,
                 unhandled_error("The function asked for its next work without giving a result "
                                 "for this invocation.",
                                 "Function.NoResult"),
                 now);
        w->working_on.clear();
    }
    if (w->owner->removed) {
        end(*w, false);
        return;
    }
    leave_idle(*w);
    w->asking = true;
    w->state = worker_state::waiting;
    w->since = now;
    auto& f = *w->owner;
    if (!f.queue.empty()) {
        hand(*w, pop(f), now);
        return;
    }
    f.idle.insert(w->used ? f.idle.end() : f.idle.begin(), id);
    if (!f.spec.pinned) {
        note(now + limits_.idle_reap);
        serve_queues(now);  // another function may need its place
    }
}

void scheduler::withdraw(worker_id id) {
    worker* w = find(id);
    if (w == nullptr || !w->asking) {
        return;
    }
    leave_idle(*w);
    w->asking = false;
    w->state = worker_state::initialized;
}

void scheduler::initialized(worker_id id) {
    if (worker* w = find(id); w != nullptr) {
        mark_initialized(*w);
    }
}

void scheduler::gave_up(worker_id id) {
    if (worker* w = find(id); w != nullptr) {
        w->gave_up = true;
        end(*w, false);
    }
}

bool scheduler::finish(worker_id id, std::string_view invocation, outcome result, mono_time now) {
    worker* w = find(id);
    if (w == nullptr || w->working_on.empty() || w->working_on != invocation) {
        return false;
    }
    complete(*w, std::move(result), now);
    w->working_on.clear();
    w->state = worker_state::initialized;
    if (w->owner->removed) {
        end(*w, false);
    }
    return true;
}

void scheduler::exited(worker_id id, std::string_view reason, mono_time now) {
    const auto found = workers_.find(id);
    if (found == workers_.end()) {
        return;
    }
    leave_idle(found->second);
    const worker w = std::move(found->second);
    workers_.erase(found);
    auto& f = *w.owner;
    --f.worker_count;
    const bool was_starting = w.state == worker_state::starting;
    f.starting -= was_starting ? 1 : 0;
    on_demand_ -= f.spec.pinned ? 0 : 1;
    if (!w.working_on.empty()) {
        complete(w,
                 unhandled_error("The worker ended before it gave a result: " + std::string(reason),
                                 "Function.WorkerEnded"),
                 now);
    }
    drop_work_of(id);
    f.last_state = worker_state::terminated;
    if (!f.removed) {
        if (was_starting || w.gave_up) {
            fail_start(f, w, reason);
        }
        if (f.spec.pinned && !f.spec.tended) {
            plan_restart(f, w, now);
        }
        wake_tended(w.owner, now);
        if (w.used) {
            plan_ready(f, now);
        }
    }
    serve_queues(now);
}

void scheduler::tick(mono_time now) {
    deadline_.reset();
    for (auto& [id, w] : workers_) {
        carry_out_due(w, now);
        if (const auto next = deadline_of(w)) {
            note(*next);
        }
    }
    for (auto& [arn, f] : functions_) {
        make_ready(f, now);
        if (f->ready_at) {
            note(*f->ready_at);
        }
        if (!f->restart_at) {
            continue;
        }
        if (*f->restart_at > now) {
            note(*f->restart_at);
            continue;
        }
        f->restart_at.reset();
        ++f->restarts;
        launch(f, now);
    }
}

std::optional<mono_time> scheduler::deadline() const {
    return deadline_;
}

std::vector<action> scheduler::take_actions() {
    return std::exchange(actions_, {});
}

std::vector<function_status> scheduler::status() const {
    std::vector<function_status> all;
    all.reserve(functions_.size());
    for (const auto& [arn, f] : functions_) {
        function_status s;
        s.arn = arn;
        s.state = f->last_state;
        s.workers = static_cast<int>(f->worker_count);
        s.invocations = f->invocations;
        s.errors = f->errors;
        s.restarts = f->restarts;
        s.queued = f->queue.size();
        s.p50 = f->took.percentile(0.50);
        s.p99 = f->took.percentile(0.99);
        bool seen = false;
        for (const auto& [id, w] : workers_) {
            // The busiest of several workers speaks for the function.
            if (w.owner == f && !w.ending && (!seen || w.state > s.state)) {
                s.state = w.state;
                seen = true;
            }
        }
        all.push_back(std::move(s));
    }
    return all;
}

std::vector<worker_view> scheduler::workers() const {
    std::vector<worker_view> all;
    all.reserve(workers_.size());
    for (const auto& [id, w] : workers_) {
        all.push_back({id, w.owner->spec.arn, w.ending ? worker_state::terminated : w.state});
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.worker < b.worker; });
    return all;
}

scheduler::worker* scheduler::find(worker_id id) {
    const auto found = workers_.find(id);
    return found == workers_.end() ? nullptr : &found->second;
}

// What works goes on: finish(), ask() or its timeout ends it.
void scheduler::take_down(const std::shared_ptr<function>& f, bool at_once) {
    f->removed = true;
    for (auto& [id, w] : workers_) {
        if (w.owner == f && (at_once || w.working_on.empty())) {
            end(w, false);
        }
    }
}

// A long-lived one that ended starts when there is work for it; on-demand ones do so by themselves.
void scheduler::wake_tended(const std::shared_ptr<function>& f, mono_time now) {
    const auto& spec = f->spec;
    if (spec.pinned && spec.tended && !f->held && f->worker_count == 0 && !f->queue.empty()) {
        launch(f, now);
    }
}

void scheduler::launch(const std::shared_ptr<function>& f, mono_time now) {
    worker w;
    w.id = ++last_worker_;
    w.owner = f;
    w.launched = now;
    ++f->worker_count;
    ++f->starting;
    on_demand_ += f->spec.pinned ? 0 : 1;
    note(now + limits_.start_limit);
    actions_.push_back(start_worker{w.id, f->spec.arn});
    workers_.emplace(w.id, std::move(w));
}

void scheduler::hand(worker& w, work item, mono_time now) {
    leave_idle(w);
    w.asking = false;
    w.state = worker_state::working;
    w.since = now;
    w.working_on = item.id;
    w.result_wanted = item.invoker != 0;
    w.depth = item.depth;
    w.used = true;
    ++w.owner->invocations;
    plan_ready(*w.owner, now);
    note(now + w.owner->spec.timeout);
    actions_.push_back(hand_over{w.id, std::move(item)});
}

void scheduler::end(worker& w, bool at_once) {
    leave_idle(w);
    w.asking = false;
    if (!w.ending || at_once) {
        w.ending = true;
        actions_.push_back(end_worker{w.id, at_once});
    }
    if (at_once) {
        drop_work_of(w.id);
    }
}

void scheduler::mark_initialized(worker& w) {
    if (w.state != worker_state::starting) {
        return;
    }
    auto& f = *w.owner;
    w.state = worker_state::initialized;
    --f.starting;
    if ((f.spec.pinned || f.spec.tended) && !f.announced && !f.removed) {
        f.announced = true;
        actions_.push_back(came_up{f.spec.arn});
    }
}

void scheduler::leave_idle(worker& w) {
    std::erase(w.owner->idle, w.id);
}

void scheduler::complete(const worker& w, outcome result, mono_time now) {
    w.owner->took.add(now - w.since);
    w.owner->errors += result.kind == outcome_kind::success ? 0 : 1;
    if (w.result_wanted) {
        actions_.push_back(finished{w.working_on, std::move(result)});
    }
}

void scheduler::fail(function& f, work item, outcome result) {
    ++f.errors;
    if (item.invoker != 0) {
        actions_.push_back(finished{item.id, std::move(result)});
    } else {
        actions_.push_back(lost{f.spec.arn, std::move(item), f.removed});
    }
}

void scheduler::fail_start(function& f, const worker& w, std::string_view reason) {
    f.last_state = worker_state::failed_initialization;
    actions_.push_back(start_failed{f.spec.arn, w.id});
    // One failed start costs one invocation, so a broken function empties its queue and no more
    // workers are started than there was work. A pinned function's queue waits for the restart.
    // A tended one's is not waited for: it fails again until someone has changed it.
    for (auto left = f.spec.tended ? f.queue.size() : std::size_t{1};
         left > 0 && !f.queue.empty() && (!f.spec.pinned || f.spec.tended); --left) {
        fail(f, pop(f),
             unhandled_error("The function's worker failed to initialize: " + std::string(reason),
                             "Function.InitializationFailed"));
    }
}

void scheduler::plan_restart(function& f, const worker& ended, mono_time now) {
    if (now - ended.launched >= forgiven_after) {
        f.failures_in_row = 0;
    }
    ++f.failures_in_row;
    f.restart_at = now + restart_pause(f.failures_in_row);
    note(*f.restart_at);
}

work scheduler::pop(function& f) {
    work item = std::move(f.queue.front().item);
    f.queue.pop_front();
    --queued_;
    return item;
}

void scheduler::drop_work_of(worker_id invoker) {
    for (auto& [arn, f] : functions_) {
        queued_ -= std::erase_if(f->queue,
                                 [invoker](const queued& q) { return q.item.invoker == invoker; });
    }
}

// Starts on-demand workers for queued work that no starting worker will take, the longest waiting
// first; at the limit, idle workers of other functions make room.
void scheduler::serve_queues(mono_time now) {
    while (on_demand_ < limits_.max_on_demand_workers) {
        const auto f = longest_waiting();
        if (!f) {
            return;
        }
        launch(f, now);
    }
    std::size_t waiting = 0;
    for (const auto& [arn, f] : functions_) {
        if (!f->spec.pinned && !f->held && f->queue.size() > f->starting) {
            waiting += f->queue.size() - f->starting;
        }
    }
    if (waiting != 0) {
        free_idle_workers(waiting);
    }
}

std::shared_ptr<scheduler::function> scheduler::longest_waiting() const {
    std::shared_ptr<function> best;
    std::uint64_t best_order = 0;
    for (const auto& [arn, f] : functions_) {
        if (f->spec.pinned || f->held || f->queue.size() <= f->starting) {
            continue;
        }
        const auto order = f->queue[f->starting].order;
        if (!best || order < best_order) {
            best = f;
            best_order = order;
        }
    }
    return best;
}

void scheduler::free_idle_workers(std::size_t wanted) {
    std::vector<worker*> idle;
    for (auto& [id, w] : workers_) {
        if (w.owner->spec.pinned) {
            continue;
        }
        if (w.ending) {
            wanted -= wanted > 0 ? 1 : 0;  // its place is on the way
        } else if (w.asking) {
            idle.push_back(&w);
        }
    }
    std::sort(idle.begin(), idle.end(),
              [](const worker* a, const worker* b) { return a->since < b->since; });
    for (std::size_t i = 0; i < std::min(wanted, idle.size()); ++i) {
        end(*idle[i], false);
    }
}

std::optional<mono_time> scheduler::deadline_of(const worker& w) const {
    if (w.ending) {
        return std::nullopt;
    }
    if (w.state == worker_state::starting) {
        return w.launched + limits_.start_limit;
    }
    if (!w.working_on.empty()) {
        return w.since + w.owner->spec.timeout;
    }
    if (w.asking && !w.owner->spec.pinned) {
        return w.since + limits_.idle_reap;
    }
    return std::nullopt;
}

void scheduler::carry_out_due(worker& w, mono_time now) {
    const auto at = deadline_of(w);
    if (!at || *at > now) {
        return;
    }
    if (w.state == worker_state::starting) {
        // A long-lived function may never ask for work (an endless loop at module level): alive
        // is up. An on-demand one that doesn't ask is of no use.
        if (w.owner->spec.pinned) {
            mark_initialized(w);
        } else {
            end(w, true);
        }
    } else if (!w.working_on.empty()) {
        complete(w, unhandled_error(timeout_text(w.owner->spec.timeout), "Function.TimedOut"), now);
        w.working_on.clear();
        end(w, true);
    } else if (is_last_ready(w)) {
        w.since = now;  // looked at again then
        note(now + limits_.idle_reap);
    } else {
        end(w, false);  // idle for long enough
    }
}

bool scheduler::is_last_ready(const worker& w) const {
    const auto& f = *w.owner;
    return f.spec.keeps_ready && !f.removed && f.idle.size() == 1;
}

void scheduler::plan_ready(function& f, mono_time now) {
    if (f.spec.keeps_ready && f.idle.empty()) {
        f.ready_at = now + limits_.ready_delay;
        note(*f.ready_at);
    }
}

// Never in the place of a worker that somebody waits for.
void scheduler::make_ready(const std::shared_ptr<function>& f, mono_time now) {
    if (!f->ready_at || *f->ready_at > now) {
        return;
    }
    f->ready_at.reset();
    if (f->idle.empty() && f->starting == 0 && f->queue.empty() && f->failures_in_row == 0 &&
        on_demand_ < limits_.max_on_demand_workers) {
        launch(f, now);
    }
}

void scheduler::note(mono_time t) {
    if (!deadline_ || t < *deadline_) {
        deadline_ = t;
    }
}

}  // namespace evergrass::edge::functions
