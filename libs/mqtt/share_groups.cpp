#include "libs/mqtt/share_groups.hpp"

#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>

namespace evergrass::mqtt {
namespace {

constexpr std::string_view share_prefix = "$share/";

std::string key_of(std::string_view name, std::string_view filter) {
    std::string key(name);
    key += '/';
    key += filter;
    return key;
}

}  // namespace

std::optional<share_group::choice> share_group::pick(
    const std::function<bool(const member&)>& may) {
    const std::lock_guard lock(mutex_);
    std::optional<std::size_t> away;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const auto at = (next_ + i) % members_.size();
        const auto& one = members_[at];
        if ((!one.connected && away) || !may(one)) {
            continue;
        }
        if (one.connected) {
            next_ = at + 1;
            return choice{one.client_id, one.shard};
        }
        away = at;
    }
    if (!away) {
        return std::nullopt;
    }
    next_ = *away + 1;
    return choice{members_[*away].client_id, members_[*away].shard};
}

void share_groups::join(std::string_view name, std::string_view filter, share_group::member who) {
    const std::lock_guard lock(mutex_);
    auto& group = groups_[key_of(name, filter)];
    if (!group) {
        group = std::make_shared<share_group>(std::string(name), std::string(filter));
        count_.fetch_add(1, std::memory_order_relaxed);
        generation_.fetch_add(1, std::memory_order_release);
    }
    const std::lock_guard inner(group->mutex_);
    std::erase_if(group->members_, [&](const auto& m) { return m.client_id == who.client_id; });
    group->members_.push_back(std::move(who));
}

void share_groups::leave(std::string_view name, std::string_view filter,
                         std::string_view client_id) {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(key_of(name, filter));
    if (found == groups_.end()) {
        return;
    }
    bool ended = false;
    {
        const std::lock_guard inner(found->second->mutex_);
        auto& members = found->second->members_;
        std::erase_if(members, [&](const auto& m) { return m.client_id == client_id; });
        ended = members.empty();
    }
    if (ended) {
        groups_.erase(found);
        count_.fetch_sub(1, std::memory_order_relaxed);
        generation_.fetch_add(1, std::memory_order_release);
    }
}

void share_groups::set_connected(std::string_view name, std::string_view filter,
                                 const client_info& who, bool connected) {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(key_of(name, filter));
    if (found == groups_.end()) {
        return;
    }
    const std::lock_guard inner(found->second->mutex_);
    for (auto& one : found->second->members_) {
        if (one.client_id == who.id) {
            one.connected = connected;
            one.info = who;
        }
    }
}

std::shared_ptr<share_group> share_groups::find(std::string_view subscribed_filter) const {
    subscribed_filter.remove_prefix(share_prefix.size());
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(subscribed_filter);
    return found == groups_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<share_group>> share_groups::matching(std::string_view topic,
                                                                 bool hash_matches_parent) const {
    std::vector<std::shared_ptr<share_group>> found;
    if (empty()) {
        return found;
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [key, group] : groups_) {
        if (filter_matches(group->filter(), topic, hash_matches_parent)) {
            found.push_back(group);
        }
    }
    return found;
}

}  // namespace evergrass::mqtt
