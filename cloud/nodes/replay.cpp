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

}  // namespace

replayed_session replay(const stored_session& stored, const std::vector<placed_message>& messages,
                        wall_time now, std::size_t max_bytes, bool hash_matches_parent) {
    replayed_session made;
    auto& kept = made.kept;
    kept.client_id = stored.client_id;
    kept.version = stored.version;
    kept.expiry_seconds = stored.expiry_seconds;
    kept.left_at = now;
    for (const auto& held : stored.subscriptions) {
        kept.subscriptions.push_back(held.what);
    }
    std::size_t bytes = 0;
    for (const auto& one : messages) {
        const auto& message = *one.message;
        if (one.at <= stored.low || (message.expires_at && *message.expires_at <= now)) {
            continue;
        }
        const auto matched = match(stored, one, hash_matches_parent);
        const auto level =
            matched ? std::min(message.level, matched->options.level) : mqtt::qos::at_most_once;
        if (level == mqtt::qos::at_most_once) {
            continue;
        }
        if (bytes + message.bytes() > max_bytes ||
            kept.deliveries.size() >= mqtt::session::max_queued) {
            ++made.dropped;
            continue;
        }
        bytes += message.bytes();
        mqtt::session_journal::delivery next;
        next.client_id = stored.client_id;
        next.order = kept.deliveries.size() + 1;
        next.packet_id = mqtt::session::packet_id_of(next.order);
        next.level = level;
        next.retain = message.retain && matched->options.retain_as_published;
        if (matched->ids) {
            next.subscription_ids = *matched->ids;
        }
        next.message = one.message;
        made.places.emplace_back(next.order, one.at);
        kept.deliveries.push_back(std::move(next));
    }
    return made;
}

}  // namespace evergrass::cloud
