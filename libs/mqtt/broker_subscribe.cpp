#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

namespace evergrass::mqtt {
namespace {

// Filters in a session have been checked when they came.
std::optional<shared_filter> share_of(std::string_view filter) {
    const auto parsed = parse_shared_filter(filter);
    return parsed ? *parsed : std::nullopt;
}

}  // namespace

bool broker::implementation::subscribe(session& who, std::string_view filter,
                                       const held_subscription& held) {
    const auto known = who.subscriptions.find(filter);
    const bool is_new = known == who.subscriptions.end();
    auto& kept = is_new ? who.subscriptions[std::string(filter)] : known->second;
    kept = held;
    if (const auto share = share_of(filter)) {
        who.shared_subscriptions += is_new ? 1 : 0;
        shared.shares.join(
            share->share_name, share->filter,
            {who.info.id, shard, who.link != nullptr, who.info, held.options, held.id});
    } else if (is_new) {
        tree.add(filter, {&who, &kept});
        note_subscriptions(1);
    }
    changed();
    return is_new;
}

bool broker::implementation::unsubscribe(session& who, std::string_view filter) {
    const auto known = who.subscriptions.find(filter);
    if (known == who.subscriptions.end()) {
        return false;
    }
    if (const auto share = share_of(filter)) {
        --who.shared_subscriptions;
        shared.shares.leave(share->share_name, share->filter, who.info.id);
        if (shared.exchange != nullptr) {
            shared.exchange->left(known->first, who.info.id);
        }
    } else {
        tree.remove(filter, {&who, nullptr});
        note_subscriptions(-1);
    }
    who.subscriptions.erase(known);
    changed();
    return true;
}

void broker::implementation::forget_subscriptions(session& who) {
    while (!who.subscriptions.empty()) {
        const auto filter = who.subscriptions.begin()->first;
        unsubscribe(who, filter);
    }
}

void broker::implementation::share_connected(const session& who, bool connected) {
    if (who.shared_subscriptions == 0) {
        return;
    }
    for (const auto& [filter, held] : who.subscriptions) {
        if (const auto share = share_of(filter)) {
            shared.shares.set_connected(share->share_name, share->filter, who.info, connected);
            if (shared.exchange != nullptr && connected) {
                shared.exchange->joined(filter, who.info.id, who.outlives_connection(), nullptr);
            } else if (shared.exchange != nullptr) {
                shared.exchange->left(filter, who.info.id);
            }
        }
    }
}

void broker::implementation::send_retained(session& who, std::string_view filter,
                                           const held_subscription& held) {
    matched_subscription matched;
    add_match(matched, held, true);
    // A retained message is sent with the flag set, whatever Retain As Published says
    // [MQTT-3.3.1-8].
    const route::target to{&who, matched.options, matched.ids};
    for (const auto& message :
         shared.retained.find(filter, shared.options.hash_matches_parent, wall)) {
        const bool own = message->source == who.info.id;
        if ((own && held.options.no_local) ||
            !shared.rules.may_receive(who.info, message->source, message->topic)) {
            continue;
        }
        const publication published(message, wall);
        receipt nobody_waits;
        routing_outcome outcome;
        delivery_terms terms{nobody_waits, outcome, {}, true};
        deliver(published, {&to, 1}, terms);
    }
}

}  // namespace evergrass::mqtt
