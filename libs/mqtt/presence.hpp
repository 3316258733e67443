#pragma once

#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/text_map.hpp"

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

// The owner's policy, and a list of who is connected. Any thread.
class presence final : public policy {
public:
    explicit presence(policy& rules) : rules_(rules) {}

    bool is_connected(std::string_view client_id) const {
        const std::lock_guard lock(mutex_);
        return connections_.contains(client_id);
    }

    void connected(const client_info& who, bool session_present) override {
        {
            const std::lock_guard lock(mutex_);
            ++connections_[who.id];
        }
        rules_.connected(who, session_present);
    }
    void disconnected(const client_info& who, bool clean, std::string_view why) override {
        {
            // Two for a moment, when one takes over from the other.
            const std::lock_guard lock(mutex_);
            const auto found = connections_.find(who.id);
            if (found != connections_.end() && --found->second == 0) {
                connections_.erase(found);
            }
        }
        rules_.disconnected(who, clean, why);
    }

    std::string assign_client_id(const client_identity& who) override {
        return rules_.assign_client_id(who);
    }
    admission admit(const client_identity& who, std::string_view client_id,
                    const connect_packet& packet) override {
        return rules_.admit(who, client_id, packet);
    }
    publish_verdict may_publish(const client_info& from, const publish_view& message) override {
        return rules_.may_publish(from, message);
    }
    reason may_subscribe(const client_info& who, std::string_view filter,
                         const subscription_options& wanted, bool shared) override {
        return rules_.may_subscribe(who, filter, wanted, shared);
    }
    void subscribed(const client_info& who, std::span<const std::string_view> filters) override {
        rules_.subscribed(who, filters);
    }
    void unsubscribed(const client_info& who, std::span<const std::string_view> filters) override {
        rules_.unsubscribed(who, filters);
    }
    bool may_receive(const client_info& who, std::string_view source,
                     std::string_view topic) override {
        return rules_.may_receive(who, source, topic);
    }
    void resolve(const client_info* from, std::string_view source, std::string_view topic,
                 route_builder& to) override {
        rules_.resolve(from, source, topic, to);
    }
    std::uint64_t generation() const override { return rules_.generation(); }
    void lost(loss why, std::string_view source, std::string_view topic,
              std::string_view client_id) override {
        rules_.lost(why, source, topic, client_id);
    }
    void routed(std::string_view source, const client_info* from, std::size_t clients,
                std::span<const std::uint32_t> marks) override {
        rules_.routed(source, from, clients, marks);
    }

private:
    policy& rules_;
    mutable std::mutex mutex_;
    text_map<std::size_t> connections_;
};

}  // namespace evergrass::mqtt
