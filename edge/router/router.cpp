#include "edge/router/router.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::size_t index_of(endpoint_kind kind) {
    return static_cast<std::size_t>(kind);
}

// Names of ends have no NUL, and neither have topics.
std::string key_of(const routing_table::entry& e) {
    std::string key;
    key.reserve(e.source->name.size() + e.subject.size() + e.target->name.size() + 4);
    for (const auto* end : {e.source, e.target}) {
        key += static_cast<char>('0' + index_of(end->kind));
        key += end->name;
        key += '\0';
    }
    return key += e.subject;
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
    numbers_ = router_.numbers_;
    carried_.resize(router_.all_numbers_.size());
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
    auto& carried = router_.ended_carried_;
    carried.resize(std::max(carried.size(), carried_.size()));
    for (std::size_t number = 0; number < carried_.size(); ++number) {
        carried[number] += carried_[number].read();
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
    numbers_ = router_.numbers_;
    if (carried_.size() < router_.all_numbers_.size()) {
        carried_.resize(router_.all_numbers_.size());
    }
    version_ = router_.version_.load(std::memory_order_relaxed);
}

// For a route that another thread found by a table which this lane has not seen yet.
void routing_lane::grow(way_number needed) {
    const std::lock_guard lock(router_.mutex_);
    carried_.resize(std::max<std::size_t>(router_.all_numbers_.size(), std::size_t{needed} + 1));
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
    const auto& number_at_start = *numbers_;  // stays: refresh() waits for the outermost publish()
    auto matched = std::exchange(matched_, {});  // not to be changed by a publish() from a sink
    matched.clear();
    table_->match(source, m.topic, matched);
    if (matched.empty()) {
        drop(table_->has_source(source) ? drop_reason::subject_differs
                                        : drop_reason::no_subscription,
             nullptr);
    }
    std::array<bool, endpoint_kind_count> passed{};  // to a sink that finds its targets
    for (std::size_t at = 0; at < matched.size();) {
        const auto* const target = matched[at].target;
        const auto first = at;
        while (at < matched.size() && matched[at].target == target) {
            ++at;
        }
        const auto* const to = router_.sink_of(target->kind);
        const bool finds = to != nullptr && to->finds_targets();
        if (finds && std::exchange(passed[index_of(target->kind)], true)) {
            ++report.delivered;
        } else if (const auto refused = pass(source, *target, m)) {
            drop(*refused, target);
        } else {
            ++report.delivered;
            for (auto one = first; !finds && one < at; ++one) {
                const auto number = number_at_start[matched[one].entry];
                count_carried({&number, 1});
            }
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
                                              const message& m, std::span<const way_number> ways) {
    const auto refused = pass(source, target, m);
    if (refused) {
        router_.count_drop(*refused, source, m.topic, &target);
    } else {
        count_carried(ways);
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
      numbers_(std::make_shared<std::vector<way_number>>()),
      own_lane_(std::make_unique<routing_lane>(*this)) {}

router::router(logger log, const clock& time)
    : book_(std::move(log), time),
      table_(std::make_shared<routing_table>()),
      numbers_(std::make_shared<std::vector<way_number>>()),
      own_lane_(std::make_unique<routing_lane>(*this)) {}

router::~router() = default;

void router::set_table(std::shared_ptr<const routing_table> table) {
    std::vector<std::string> keys;
    keys.reserve(table->size());
    for (const auto& entry : table->entries()) {
        keys.push_back(key_of(entry));
    }
    auto numbers = std::make_shared<std::vector<way_number>>();
    numbers->reserve(keys.size());
    {
        const std::lock_guard lock(mutex_);
        for (auto& key : keys) {
            const auto next = static_cast<way_number>(all_numbers_.size());
            numbers->push_back(all_numbers_.try_emplace(std::move(key), next).first->second);
        }
        numbers_ = std::move(numbers);
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

std::size_t quiet_ones(const carried_totals& carried) {
    return static_cast<std::size_t>(
        std::count(carried.messages.begin(), carried.messages.end(), std::uint64_t{0}));
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

carried_totals router::carried() const {
    const std::lock_guard lock(mutex_);
    carried_totals out{table_, {}};
    out.messages.reserve(numbers_->size());
    for (const auto number : *numbers_) {
        auto sum = number < ended_carried_.size() ? ended_carried_[number] : 0;
        for (const auto* lane : lanes_) {
            sum += number < lane->carried_.size() ? lane->carried_[number].read() : 0;
        }
        out.messages.push_back(sum);
    }
    return out;
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
