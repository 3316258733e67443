#include "libs/mqtt/broker_state.hpp"

#include <utility>

// Shared subscriptions (MQTT5 4.8.2): who of those that share gets a message.
namespace evergrass::mqtt {

// One of those that share gets it, on whatever shard.
void broker::implementation::choose_sharer(const publication& message, const route& to,
                                           share_group& group, std::vector<route::target>& local,
                                           std::vector<pair_of_share>& elsewhere) {
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
    if (chosen->shard != shard) {
        elsewhere.push_back(
            {chosen->shard, std::move(chosen->client_id), group.subscribed_filter()});
    } else if (auto target = share_target(chosen->client_id, group.subscribed_filter())) {
        local.push_back(std::move(*target));
    }
}

void broker::implementation::post_shared(const pair_of_share& to, const message_ptr& message,
                                         const receipt& pending,
                                         const std::shared_ptr<gathering>& record) {
    shared.mesh.post(to.shard, [to, message, pending, record](broker& there) {
        there.deliver_shared(to.client_id, to.filter, message, pending, record);
    });
}

// The member that was chosen has left before its shard's turn came: another one gets it.
void broker::implementation::choose_again(std::string_view client_id, const std::string& filter,
                                          const message_ptr& message, const receipt& pending,
                                          const std::shared_ptr<gathering>& record) {
    const publication published(message, wall);
    const auto way = remembered_route(message->source, message->topic, false);
    std::vector<route::target> local;
    std::vector<pair_of_share> elsewhere;
    for (const auto& group : way->shares) {
        if (group->subscribed_filter() == filter) {
            choose_sharer(published, *way, *group, local, elsewhere);
        }
    }
    for (const auto& one : local) {
        deliver_alone(one, message, pending, record);
    }
    for (const auto& one : elsewhere) {
        post_shared(one, message, pending, record);
    }
    if (local.empty() && elsewhere.empty()) {
        shared.rules.lost(loss::not_subscribed, message->source, message->topic, client_id);
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
