#include "libs/mqtt/session.hpp"

#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>

namespace evergrass::mqtt {
namespace {

constexpr std::uint64_t packet_ids = session::max_queued;

}  // namespace

std::uint64_t session::take_order() {
    do {
        ++last_order;
    } while (is_taken(last_order));
    return last_order;
}

// Does a message that is still in the queue have the identifier of this order?
bool session::is_taken(std::uint64_t order) {
    if (queue.empty() || order < queue.front().order + packet_ids) {
        return false;  // nearly always
    }
    if ((order - queue.front().order) / packet_ids > queue.size()) {
        // The first one has been there for very long: fewer are left than went round since.
        return std::any_of(queue.begin(), queue.end(), [id = packet_id_of(order)](const auto& one) {
            return one.packet_id == id;
        });
    }
    while (order >= queue.front().order + packet_ids) {
        order -= packet_ids;
        if (find_order(order) != queue.end()) {
            return true;
        }
    }
    return false;
}

session::position session::find_sent(std::uint16_t packet_id) {
    const auto end = queue.begin() + static_cast<std::ptrdiff_t>(sent);
    const auto at =
        std::find_if(queue.begin(), end, [&](const auto& o) { return o.packet_id == packet_id; });
    return at == end ? queue.end() : at;
}

session::position session::find_order(std::uint64_t order) {
    const auto at = std::lower_bound(
        queue.begin(), queue.end(), order,
        [](const outgoing& one, std::uint64_t wanted) { return one.order < wanted; });
    return at == queue.end() || at->order != order ? queue.end() : at;
}

void session::push(outgoing next) {
    queued_bytes += next.bytes;
    queue.push_back(std::move(next));
}

void session::note_expiry(const stored_message& waiting) {
    if (waiting.expires_at && (!first_expiry || *waiting.expires_at < *first_expiry)) {
        first_expiry = waiting.expires_at;
    }
}

void session::erase(position at) {
    const auto index = static_cast<std::size_t>(at - queue.begin());
    sent -= index < sent ? 1 : 0;
    inflight -= index < inflight ? 1 : 0;
    queued_bytes -= at->bytes;
    queue.erase(at);
}

void add_match(matched_subscription& into, const held_subscription& more, bool first) {
    if (first) {
        into.options = more.options;
    } else {
        into.options.level = std::max(into.options.level, more.options.level);
        into.options.retain_as_published |= more.options.retain_as_published;
    }
    if (more.id != 0) {
        auto ids = into.ids ? std::make_shared<std::vector<std::uint32_t>>(*into.ids)
                            : std::make_shared<std::vector<std::uint32_t>>();
        ids->push_back(more.id);
        into.ids = std::move(ids);
    }
}

std::optional<matched_subscription> match_own(const session& who, std::string_view topic,
                                              std::string_view no_local_of,
                                              bool hash_matches_parent) {
    std::optional<matched_subscription> matched;
    const bool own = who.info.id == no_local_of;
    for (const auto& [filter, held] : who.subscriptions) {
        if (filter.starts_with("$share/") || (own && held.options.no_local) ||
            !filter_matches(filter, topic, hash_matches_parent)) {
            continue;
        }
        const bool first = !matched;
        if (first) {
            matched.emplace();
        }
        add_match(*matched, held, first);
    }
    return matched;
}

const std::pair<const std::string, held_subscription>* match_share(const session& who,
                                                                   std::string_view topic,
                                                                   bool hash_matches_parent) {
    if (who.shared_subscriptions == 0) {
        return nullptr;
    }
    for (const auto& each : who.subscriptions) {
        const auto share = parse_shared_filter(each.first);
        if (share && *share && filter_matches((*share)->filter, topic, hash_matches_parent)) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace evergrass::mqtt
