#pragma once

#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/text_map.hpp"
#include "libs/mqtt/types.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// The sessions that share one filter under one name (MQTT5 4.8.2); each message goes to one of
// them. Any thread.
class share_group {
public:
    struct member {
        std::string client_id;
        std::size_t shard = 0;
        bool connected = false;
        client_info info;  // as it was when it subscribed or came back last, for rights
        subscription_options options;
        std::uint32_t subscription_id = 0;
    };
    struct choice {
        std::string client_id;
        std::size_t shard = 0;
    };

    share_group(std::string name, std::string filter)
        : name_(std::move(name)), filter_(std::move(filter)) {}

    const std::string& filter() const { return filter_; }
    // "$share/NAME/FILTER"
    std::string subscribed_filter() const { return "$share/" + name_ + "/" + filter_; }

    // The next in turn of those that `may`, connected ones before those that are away. The choice
    // may have left meanwhile: its shard finds out.
    std::optional<choice> pick(const std::function<bool(const member&)>& may);

private:
    friend class share_groups;

    const std::string name_;
    const std::string filter_;
    std::mutex mutex_;
    std::vector<member> members_;
    std::size_t next_ = 0;
};

// All share groups of a server. Any thread.
class share_groups {
public:
    // Replaces what the client has there.
    void join(std::string_view name, std::string_view filter, share_group::member who);
    void leave(std::string_view name, std::string_view filter, std::string_view client_id);
    // `who`: as its last connection has it.
    void set_connected(std::string_view name, std::string_view filter, const client_info& who,
                       bool connected);

    // The one that is subscribed to as "$share/NAME/FILTER"; null: it has no members.
    std::shared_ptr<share_group> find(std::string_view subscribed_filter) const;
    // Groups whose filter matches. Cost grows with the groups that are there: keep the answer until
    // generation() changes.
    std::vector<std::shared_ptr<share_group>> matching(std::string_view topic,
                                                       bool hash_matches_parent) const;
    // Changes when a group begins or ends.
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
    bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }

private:
    mutable std::mutex mutex_;
    text_map<std::shared_ptr<share_group>> groups_;  // by NAME/FILTER; a name has no slash
    std::atomic<std::uint64_t> generation_{1};
    std::atomic<std::size_t> count_{0};
};

}  // namespace evergrass::mqtt
