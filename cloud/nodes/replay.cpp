#include "cloud/nodes/replay.hpp"

#include "libs/mqtt/session.hpp"

#include <algorithm>
#include <optional>

namespace evergrass::cloud {
namespace {

bool matches(std::string_view filter, std::string_view topic, bool hash_matches_parent) {
    if (!mqtt::topic_matches(filter, topic)) {
        return false;
    }
    constexpr std::string_view all_below = "/#";
    const bool is_parent =
        filter.ends_with(all_below) &&
        std::count(topic.begin(), topic.end(), '/') < std::count(filter.begin(), filter.end(), '/');
    return hash_matches_parent || !is_parent;
}

// All of a client's filters that match, taken together (MQTT5 3.3.4).
std::optional<mqtt::matched_subscription> match(const stored_session& stored,
                                                const placed_message& one,
                                                bool hash_matches_parent) {
    std::optional<mqtt::matched_subscription> matched;
    for (const auto& held : stored.subscriptions) {
        const auto& options = held.what.options;
        const bool is_own = options.no_local && one.message->source == stored.client_id;
        if (one.at <= held.since || is_own ||
            !matches(held.what.filter, one.message->topic, hash_matches_parent)) {
            continue;
        }
        const bool first = !matched;
        mqtt::add_match(first ? matched.emplace() : *matched, {options, held.what.subscription_id},
                        first);
    }
    return matched;
}

// One that was published since is among the messages, and is enough.
bool is_among(const std::vector<placed_message>& messages, const std::string& topic,
              bus::position after) {
    return std::any_of(messages.begin(), messages.end(), [&](const placed_message& one) {
        return one.at > after && one.message->retain && one.message->topic == topic;
    });
}

// What waits for a client, in its order.
class waiting_messages {
public:
    waiting_messages(replayed_session& made, wall_time now, std::size_t max_bytes)
        : made_(made), now_(now), max_bytes_(max_bytes) {}

    // The order that it got; none: it is not to be kept, has expired, or has no room.
    std::optional<std::uint64_t> add(const mqtt::message_ptr& message, mqtt::qos level, bool retain,
                                     std::vector<std::uint32_t> ids) {
        auto& kept = made_.kept;
        if (level == mqtt::qos::at_most_once ||
            (message->expires_at && *message->expires_at <= now_)) {
            return std::nullopt;
        }
        if (bytes_ + message->bytes() > max_bytes_ ||
            kept.deliveries.size() >= mqtt::session::max_queued) {
            ++made_.dropped;
            return std::nullopt;
        }
        bytes_ += message->bytes();
        mqtt::session_journal::delivery next;
        next.client_id = kept.client_id;
        next.order = kept.deliveries.size() + 1;
        next.packet_id = mqtt::session::packet_id_of(next.order);
        next.level = level;
        next.retain = retain;
        next.subscription_ids = std::move(ids);
        next.message = message;
        kept.deliveries.push_back(std::move(next));
        return kept.deliveries.size();
    }

private:
    replayed_session& made_;
    const wall_time now_;
    const std::size_t max_bytes_;
    std::size_t bytes_ = 0;
};

}  // namespace

replayed_session replay(const stored_session& stored, const std::vector<placed_message>& messages,
                        wall_time now, std::size_t max_bytes, bool hash_matches_parent,
                        const retained_lookup& retained) {
    replayed_session made;
    auto& kept = made.kept;
    kept.client_id = stored.client_id;
    kept.version = stored.version;
    kept.expiry_seconds = stored.expiry_seconds;
    kept.left_at = now;
    waiting_messages waiting(made, now, max_bytes);
    for (const auto& held : stored.subscriptions) {
        const auto& what = held.what;
        kept.subscriptions.push_back(what);
        if (!held.retained || !retained ||
            is_among(messages, what.filter, std::max(held.since, stored.low))) {
            continue;
        }
        const auto message = retained(what.filter);
        if (!message || (what.options.no_local && message->source == stored.client_id)) {
            continue;
        }
        std::vector<std::uint32_t> ids;
        if (what.subscription_id != 0) {
            ids.push_back(what.subscription_id);
        }
        if (const auto order =
                waiting.add(message, std::min(message->level, what.options.level), true, ids)) {
            made.retained.emplace_back(*order, what.filter);
        }
    }
    for (const auto& one : messages) {
        const auto matched =
            one.at > stored.low ? match(stored, one, hash_matches_parent) : std::nullopt;
        if (!matched) {
            continue;
        }
        if (const auto order =
                waiting.add(one.message, std::min(one.message->level, matched->options.level),
                            one.message->retain && matched->options.retain_as_published,
                            matched->ids ? *matched->ids : std::vector<std::uint32_t>())) {
            made.places.emplace_back(*order, one.at);
        }
    }
    return made;
}

}  // namespace evergrass::cloud
