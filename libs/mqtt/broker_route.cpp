#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

#include <algorithm>

namespace evergrass::mqtt {
namespace {

// Sources without a connection (functions, the cloud, other shards' clients) that are remembered.
constexpr std::size_t max_remembered_routes = 4'096;

// Builds one route as the policy says.
class builder final : public route_builder {
public:
    builder(broker::implementation& shard, std::string_view source, std::string_view topic,
            bool forwarded, route& into)
        : shard_(shard), source_(source), topic_(topic), forwarded_(forwarded), into_(into) {}

    void subscribers() override {
        into_.by_subscription = true;
        into_.all_shards = !forwarded_;
        // A client may stand at several filters that match; it is to get one copy.
        std::unordered_map<session*, std::size_t> seen;
        const auto named = into_.local.size();
        for (std::size_t i = 0; i < named; ++i) {
            seen.emplace(into_.local[i].to, i);
        }
        shard_.tree.match(topic_, shard_.shared.options.hash_matches_parent,
                          [&](const broker::implementation::subscriber& found) {
                              if (found.held->options.no_local && found.who->info.id == source_) {
                                  return;
                              }
                              const auto [at, is_new] =
                                  seen.try_emplace(found.who, into_.local.size());
                              if (at->second < named) {
                                  return;
                              }
                              if (is_new) {
                                  into_.local.push_back({found.who, {}, nullptr});
                              }
                              auto& target = into_.local[at->second];
                              matched_subscription matched{target.options, target.ids};
                              add_match(matched, *found.held, is_new);
                              target.options = matched.options;
                              target.ids = std::move(matched.ids);
                          });
        const auto may_not = [&](const route::target& target) {
            return !shard_.shared.rules.may_receive(target.to->info, source_, topic_);
        };
        const auto first = into_.local.begin() + static_cast<std::ptrdiff_t>(named);
        into_.local.erase(std::remove_if(first, into_.local.end(), may_not), into_.local.end());
    }

    void client(std::string_view client_id, std::span<const std::uint32_t> marks) override {
        const auto [named, is_new] =
            into_.named.try_emplace(std::string(client_id), marks.begin(), marks.end());
        if (!is_new) {
            return;
        }
        const auto shards = shard_.shared.mesh.size();
        const auto home = home_of(client_id, shards);
        if (home != shard_.shard) {
            if (!forwarded_) {
                into_.shards.resize(shards);
                into_.shards[home] = true;
            }
            return;
        }
        auto* const who = shard_.find(client_id);
        if (who == nullptr) {
            into_.lost.push_back({std::string(client_id), loss::not_connected});
            return;
        }
        if (has(*who)) {
            into_.marks.insert(into_.marks.end(), marks.begin(), marks.end());
            return;  // as one of the subscribers
        }
        const auto& options = shard_.shared.options;
        const auto matched = match_own(*who, topic_, source_, options.hash_matches_parent);
        if (matched) {
            into_.local.push_back({who, matched->options, matched->ids});
        } else {
            if (!match_share(*who, topic_, options.hash_matches_parent)) {
                into_.lost.push_back({std::string(client_id), loss::not_subscribed});
            }
            return;  // counted when it is its turn
        }
        into_.marks.insert(into_.marks.end(), marks.begin(), marks.end());
    }

    void external(std::shared_ptr<external_target> target) override {
        if (!forwarded_) {
            into_.external.push_back(std::move(target));
        }
    }

    void nobody(reason code) override { into_.nobody = code; }
    bool forwarded() const override { return forwarded_; }

private:
    bool has(const session& who) const {
        return into_.by_subscription &&
               std::any_of(into_.local.begin(), into_.local.end(),
                           [&](const route::target& target) { return target.to == &who; });
    }

    broker::implementation& shard_;
    std::string_view source_;
    std::string_view topic_;
    bool forwarded_;
    route& into_;
};

}  // namespace

route::generations broker::implementation::generations_now() const {
    return {generation, shared.rules.generation(), shared.shares.generation()};
}

std::shared_ptr<const route> broker::implementation::find_route(const client_info* from,
                                                                std::string_view source,
                                                                std::string_view topic,
                                                                bool forwarded) {
    auto found = std::make_shared<route>();
    found->at = generations_now();  // before asking: what changes meanwhile makes it stale
    builder to(*this, source, topic, forwarded, *found);
    shared.rules.resolve(from, source, topic, to);
    if (!forwarded && (found->by_subscription || !found->named.empty())) {
        found->shares = shared.shares.matching(topic, shared.options.hash_matches_parent);
    }
    const bool alone = shared.mesh.size() == 1 || (!found->all_shards && found->shards.empty());
    found->only_local = alone && !found->local.empty() && found->lost.empty() &&
                        found->external.empty() && found->shares.empty();
    return found;
}

std::shared_ptr<const route> broker::implementation::remembered_route(std::string_view source,
                                                                      std::string_view topic,
                                                                      bool forwarded) {
    std::string key;
    key.reserve(source.size() + topic.size() + 2);
    key += source;
    key += '\0';  // neither of the two holds one
    key += topic;
    key += forwarded ? 'f' : 'p';
    if (const auto known = routes.find(key);
        known != routes.end() && known->second->at == generations_now()) {
        return known->second;
    }
    auto found = find_route(nullptr, source, topic, forwarded);
    if (routes.size() >= max_remembered_routes) {
        routes.clear();
    }
    routes[std::move(key)] = found;
    return found;
}

}  // namespace evergrass::mqtt
