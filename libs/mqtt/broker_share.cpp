#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

#include <algorithm>
#include <utility>

// Shared subscriptions (MQTT5 4.8.2): who of those that share gets a message.
namespace evergrass::mqtt {

// One of those that share gets it, on whatever shard.
void broker::implementation::choose_sharer(const publication& message, const route& to,
                                           share_group& group, sharers& into) {
    auto chosen = group.pick([&](const share_group::member& one) {
        if (one.options.no_local && one.client_id == message.source()) {
            return false;
        }
        return to.by_subscription
                   ? shared.rules.may_receive(one.info, message.source(), message.topic())
                   : to.named.contains(one.client_id);
    });
    if (!chosen) {
        return;
    }
    const auto named = to.named.find(chosen->client_id);
    std::vector<std::uint32_t> marks;
    if (named != to.named.end()) {
        marks = named->second;
    }
    if (chosen->shard != shard) {
        into.elsewhere.push_back({chosen->shard, std::move(chosen->client_id),
                                  group.subscribed_filter(), std::move(marks)});
    } else if (auto target = share_target(chosen->client_id, group.subscribed_filter())) {
        marks = marks_of_sharer(*target->to, message.source(), message.topic(), marks);
        into.marks.insert(into.marks.end(), marks.begin(), marks.end());
        into.local.push_back(std::move(*target));
    }
}

std::vector<std::uint32_t> broker::implementation::marks_of_sharer(
    const session& who, std::string_view source, std::string_view topic,
    std::span<const std::uint32_t> marks) const {
    const bool is_counted =
        marks.empty() || match_own(who, topic, source, shared.options.hash_matches_parent);
    return is_counted ? std::vector<std::uint32_t>()
                      : std::vector<std::uint32_t>(marks.begin(), marks.end());
}

void broker::implementation::post_shared(const pair_of_share& to, const message_ptr& message,
                                         const receipt& pending,
                                         const std::shared_ptr<gathering>& record) {
    shared.mesh.post(to.shard, [to, message, pending, record](broker& there) {
        there.deliver_shared(to.client_id, to.filter, to.marks, message, pending, record);
    });
}

// The member that was chosen has left before its shard's turn came: another one gets it.
void broker::implementation::choose_again(std::string_view client_id, const std::string& filter,
                                          const message_ptr& message, const receipt& pending,
                                          const std::shared_ptr<gathering>& record) {
    const publication published(message, wall);
    const auto way = remembered_route(message->source, message->topic, false);
    sharers next;
    for (const auto& group : way->shares) {
        if (group->subscribed_filter() == filter) {
            choose_sharer(published, *way, *group, next);
        }
    }
    for (const auto& one : next.local) {
        deliver_alone(one, message, pending, record, next.marks);
    }
    for (const auto& one : next.elsewhere) {
        post_shared(one, message, pending, record);
    }
    if (next.local.empty() && next.elsewhere.empty()) {
        shared.rules.lost(loss::not_subscribed, message->source, message->topic, client_id);
    }
}

// As choose_sharer() of what several servers share. A member that is away is passed over: who comes
// back, or another server's member, gets what waits elsewhere for its turn.
void broker::implementation::take_turn(const std::string& filter, const message_ptr& message,
                                       const share_turn_ptr& turn) {
    const auto group = shared.shares.find(filter);
    if (!group) {
        return;
    }
    auto chosen = group->pick([&](const share_group::member& one) {
        const bool is_own = one.options.no_local && one.client_id == message->source;
        return one.connected && !is_own &&
               shared.rules.may_receive(one.info, message->source, message->topic);
    });
    if (!chosen) {
        return;
    }
    if (chosen->shard == shard) {
        give_turn(chosen->client_id, filter, message, turn);
        return;
    }
    shared.mesh.post(chosen->shard,
                     [id = std::move(chosen->client_id), filter, message, turn](broker& there) {
                         there.give_turn(id, filter, message, turn);
                     });
}

void broker::implementation::give_turn(std::string_view client_id, const std::string& filter,
                                       const message_ptr& message, const share_turn_ptr& turn) {
    const auto target = share_target(client_id, filter);
    if (!target || target->to->link == nullptr) {
        take_turn(filter, message, turn);  // it left meanwhile, and the group knows
        return;
    }
    if (message->expires_at && *message->expires_at <= wall) {
        shared.rules.lost(loss::expired, message->source, message->topic, client_id);
        turn->done();
        return;
    }
    const bool at_most_once = std::min(message->level, target->options.level) == qos::at_most_once;
    if (at_most_once && !target->to->link->ready()) {
        return;  // in a moment, or another one now
    }
    const publication published(message, wall);
    receipt nobody_waits;
    routing_outcome outcome;
    delivery_terms terms{nobody_waits, outcome};
    terms.turn = turn;
    deliver(published, {&*target, 1}, terms);
    if (at_most_once) {
        turn->done();  // taken or lost
    }
    shared.rules.routed(message->source, nullptr, outcome.clients, {});
}

void broker::implementation::pass_on_turns(session& which) {
    auto going = std::exchange(which.turns, {});
    for (auto& [order, turn] : going) {
        if (const auto at = which.find_order(order); at != which.queue.end()) {
            finish(which, at);
        }
        turn.reset();  // in their order
    }
}

// A client of this shard as a member of a share; nothing if it has left.
std::optional<route::target> broker::implementation::share_target(std::string_view client_id,
                                                                  const std::string& filter) {
    auto* const who = find(client_id);
    if (who == nullptr) {
        return std::nullopt;
    }
    const auto held = who->subscriptions.find(filter);
    if (held == who->subscriptions.end()) {
        return std::nullopt;
    }
    matched_subscription matched;
    add_match(matched, held->second, true);
    return route::target{who, matched.options, matched.ids};
}

}  // namespace evergrass::mqtt
