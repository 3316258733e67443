#include "edge/router/drop_book.hpp"

#include "edge/router/end_name.hpp"

#include <algorithm>
#include <functional>

namespace evergrass::edge {
namespace {

void mix(std::size_t& seed, std::size_t value) {
    seed ^= value + 0x9e3779b97f4a7c15U + (seed << 6U) + (seed >> 2U);
}

std::size_t hash_of(drop_reason reason, const endpoint* source, std::string_view topic,
                    const endpoint* target) {
    const std::hash<std::string_view> text;
    auto hash = static_cast<std::size_t>(reason);
    mix(hash, text(topic));
    for (const auto* end : {source, target}) {
        mix(hash, end == nullptr ? 0 : 1 + static_cast<std::size_t>(end->kind));
        mix(hash, end == nullptr ? 0 : text(end->name));
    }
    return hash;
}

bool is_same(const std::optional<endpoint>& a, const endpoint* b) {
    return b == nullptr ? !a : a && *a == *b;
}

bool is_of(const drop_record& r, drop_reason reason, const endpoint* source, std::string_view topic,
           const endpoint* target) {
    return r.reason == reason && r.topic == topic && is_same(r.source, source) &&
           is_same(r.target, target);
}

std::string name_of(const endpoint* end) {
    return end == nullptr ? std::string() : end_name(*end);
}

}  // namespace

drop_book::drop_book(logger log, const clock& time) : log_(std::move(log)), time_(time) {
    ring_.reserve(max_records);
}

void drop_book::count(drop_reason reason, const endpoint* source, std::string_view topic,
                      const endpoint* target) {
    totals_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) {
        return;
    }
    const auto now = time_.now();
    write_line(reason, source, topic, target, now);
    topic = topic.substr(0, max_topic_bytes);
    const auto hash = hash_of(reason, source, topic, target);
    const auto known = std::find_if(ring_.begin(), ring_.end(), [&](const slot& s) {
        return s.hash == hash && is_of(s.record, reason, source, topic, target);
    });
    if (known != ring_.end()) {
        known->record.last = now;
        ++known->record.count;
        return;
    }
    slot fresh{{now, now, 1, reason, std::nullopt, std::string(topic), std::nullopt}, hash};
    if (source != nullptr) {
        fresh.record.source = *source;
    }
    if (target != nullptr) {
        fresh.record.target = *target;
    }
    if (ring_.size() < max_records) {
        ring_.push_back(std::move(fresh));
    } else {
        ring_[next_] = std::move(fresh);
        next_ = (next_ + 1) % max_records;
    }
}

void drop_book::write_line(drop_reason reason, const endpoint* source, std::string_view topic,
                           const endpoint* target, wall_time now) {
    if (!log_.enabled(log_level::debug)) {
        return;
    }
    auto& limit = limits_[static_cast<std::size_t>(reason)];
    const auto second = to_epoch_seconds(now);
    if (second == limit.second) {
        return;
    }
    const auto total = totals_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
    const auto untold = total - limit.told - 1;
    limit = {second, total};
    const auto& text = describe(reason);
    const bool no_route =
        reason == drop_reason::no_subscription || reason == drop_reason::subject_differs;
    log_.debug(no_route ? "Failed to get routes. Discarding message."  // V1's words
                        : "Message not delivered.",
               {{"source", name_of(source)},
                {"topic", topic},
                {"target", name_of(target)},
                {"drop", text.name},
                {"reason", text.sentence},
                {"moreSinceTheLastLine", untold}});
}

drop_totals drop_book::totals() const {
    drop_totals all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = totals_[i].load(std::memory_order_relaxed);
    }
    return all;
}

std::vector<drop_record> drop_book::last() const {
    std::vector<drop_record> all;
    {
        const std::lock_guard lock(mutex_);
        all.reserve(ring_.size());
        for (const auto& s : ring_) {
            all.push_back(s.record);
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.last > b.last; });
    return all;
}

}  // namespace evergrass::edge
