#include "edge/router/router.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::size_t index_of(endpoint_kind kind) {
    return static_cast<std::size_t>(kind);
}

class depth_guard {
public:
    explicit depth_guard(int& depth) : depth_(depth) { ++depth_; }
    ~depth_guard() { --depth_; }
    depth_guard(const depth_guard&) = delete;
    depth_guard& operator=(const depth_guard&) = delete;

private:
    int& depth_;
};

}  // namespace

routing_lane::routing_lane(router& owner) : router_(owner) {
    const std::lock_guard lock(router_.mutex_);
    table_ = router_.table_;
    version_ = router_.version_.load(std::memory_order_relaxed);
    router_.lanes_.push_back(this);
}

routing_lane::~routing_lane() {
    const std::lock_guard lock(router_.mutex_);
    std::erase(router_.lanes_, this);
    auto& ended = router_.ended_lanes_;
    for (std::size_t source = 0; source < endpoint_kind_count; ++source) {
        ended.published[source] += published_[source].read();
        for (std::size_t target = 0; target < endpoint_kind_count; ++target) {
            ended.delivered[source][target] += delivered_[source][target].read();
        }
    }
}

// The version is looked at without a lock; only when it changed is the table fetched under one. A
// sink may publish, or set a table, from within deliver(): the table of the outermost publish()
// stays until that is done.
void routing_lane::refresh() {
    if (depth_ != 0 || router_.version_.load(std::memory_order_acquire) == version_) {
        return;
    }
    const std::lock_guard lock(router_.mutex_);
    table_ = router_.table_;
    version_ = router_.version_.load(std::memory_order_relaxed);
}

const routing_table& routing_lane::table() {
    refresh();
    return *table_;
}

publish_report routing_lane::publish(const endpoint& source, const message& m) {
    publish_report report;
    const auto drop = [&](drop_reason reason, const endpoint* target) {
        ++report.dropped;
        report.queue_full += is_queue_full(reason) ? 1 : 0;
        report.last_drop = reason;
        router_.count_drop(reason, source, m.topic, target);
    };
    count_published(source.kind);
    if (m.payload->size() > router_.max_message_bytes()) {
        drop(drop_reason::message_too_large, nullptr);
        return report;
    }
    refresh();
    const depth_guard inside(depth_);
    auto matched = std::exchange(matched_, {});  // not to be changed by a publish() from a sink
    matched.clear();
    table_->match(source, m.topic, matched);
    if (matched.empty()) {
        drop(table_->has_source(source) ? drop_reason::subject_differs
                                        : drop_reason::no_subscription,
             nullptr);
    }
    std::array<bool, endpoint_kind_count> passed{};  // to a sink that finds its targets
    for (const auto* target : matched) {
        const auto* const to = router_.sink_of(target->kind);
        if (to != nullptr && to->finds_targets() &&
            std::exchange(passed[index_of(target->kind)], true)) {
            ++report.delivered;
        } else if (const auto refused = pass(source, *target, m)) {
            drop(*refused, target);
        } else {
            ++report.delivered;
        }
    }
    matched_ = std::move(matched);
    return report;
}

// To the target's sink; what is taken is counted, unless the sink will.
std::optional<drop_reason> routing_lane::pass(const endpoint& source, const endpoint& target,
                                              const message& m) {
    auto* const to = router_.sinks_[index_of(target.kind)];
    if (to == nullptr) {
        return drop_reason::no_such_target;
    }
    if (const auto refused = to->deliver(source, target, m)) {
        return refused;
    }
    if (!to->finds_targets()) {
        count_delivered(source.kind, target.kind, 1);
    }
    return std::nullopt;
}

std::optional<drop_reason> routing_lane::hand(const endpoint& source, const endpoint& target,
                                              const message& m) {
    const auto refused = pass(source, target, m);
    if (refused) {
        router_.count_drop(*refused, source, m.topic, &target);
    }
    return refused;
}

void routing_lane::count_published(endpoint_kind source) {
    published_[index_of(source)].add(1);
}

void routing_lane::count_delivered(endpoint_kind source, endpoint_kind target,
                                   std::uint64_t targets) {
    delivered_[index_of(source)][index_of(target)].add(targets);
}

router::router(logger log)
    : book_(std::move(log), own_clock_),
      table_(std::make_shared<routing_table>()),
      own_lane_(std::make_unique<routing_lane>(*this)) {}

router::router(logger log, const clock& time)
    : book_(std::move(log), time),
      table_(std::make_shared<routing_table>()),
      own_lane_(std::make_unique<routing_lane>(*this)) {}

router::~router() = default;

void router::set_table(std::shared_ptr<const routing_table> table) {
    {
        const std::lock_guard lock(mutex_);
        table_.swap(table);
        version_.fetch_add(1, std::memory_order_release);
    }
    // What was replaced goes here, outside of the lock, unless a lane still holds it.
}

void router::set_sink(endpoint_kind kind, sink* target) {
    sinks_[index_of(kind)] = target;
}

bool router::any_queue_full(const endpoint& source, std::string_view topic) {
    std::vector<const endpoint*> targets;
    table().match(source, topic, targets);
    return std::any_of(targets.begin(), targets.end(), [&](const endpoint* target) {
        const auto* const to = sink_of(target->kind);
        const auto drop = to != nullptr ? to->would_drop(*target, topic) : std::nullopt;
        return drop && is_queue_full(*drop);
    });
}

routed_totals router::routed() const {
    const std::lock_guard lock(mutex_);
    auto all = ended_lanes_;
    for (const auto* lane : lanes_) {
        for (std::size_t source = 0; source < endpoint_kind_count; ++source) {
            all.published[source] += lane->published_[source].read();
            for (std::size_t target = 0; target < endpoint_kind_count; ++target) {
                all.delivered[source][target] += lane->delivered_[source][target].read();
            }
        }
    }
    return all;
}

std::uint64_t router::delivered() const {
    std::uint64_t sum = 0;
    for (const auto& targets : routed().delivered) {
        for (const auto count : targets) {
            sum += count;
        }
    }
    return sum;
}

}  // namespace evergrass::edge
