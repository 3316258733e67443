#pragma once

#include "contract/manifest.hpp"
#include "edge/router/router.hpp"
#include "libs/base/log.hpp"
#include "libs/base/per_thread.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/server_options.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace evergrass::edge {

struct group_policy_settings {
    // False: plain TCP, where the client id alone says who it is. For tests and measurements.
    bool certificates = true;
    mqtt::profile behaviour = mqtt::profile::full;
};

// The rules of a group for an MQTT server: its devices connect, each with its certificate and its
// thing's name as client id; the subscription table says who gets what and who may ask for what
// (spec/core.md §9, §11). Counts in the router what becomes of each message. Members of
// mqtt::policy run on the server's threads, at once and while admit() and router::set_table() go
// on: what is read for each message is each thread's own (routing_lane), and a change is seen by
// a version number.
class group_policy final : public mqtt::policy {
public:
    // A target of the table that is no device; any thread.
    // `ways`: the subscriptions that lead to it, as the router numbers them.
    using outside = std::function<std::shared_ptr<mqtt::external_target>(
        const endpoint& target, std::span<const way_number> ways)>;

    // `messages` must outlive this, and this the server.
    group_policy(group_policy_settings settings, router& messages, outside others, logger log);
    ~group_policy() override;

    // Makes these the group's devices. Connections and sessions of others are not touched by it:
    // that is for the server's close_where, with is_gone() and has_old_certificate(). Any thread.
    void admit(const std::vector<contract::group_member>& devices);
    // Is a session of a thing that is no longer in the group?
    bool is_gone(const mqtt::client_info& who) const;
    // Has a connection that was made with a certificate which is no longer this thing's?
    bool has_old_certificate(const mqtt::client_info& who) const;
    bool knows(std::string_view thing) const;

    // For the handshake: is it some device's certificate? Refusals are counted and logged. Any
    // thread.
    bool admits(const std::string& certificate_id);

    std::string assign_client_id(const mqtt::client_identity& who) override;
    mqtt::admission admit(const mqtt::client_identity& who, std::string_view client_id,
                          const mqtt::connect_packet& packet) override;
    void connected(const mqtt::client_info& who, bool session_present) override;
    void disconnected(const mqtt::client_info& who, bool clean, std::string_view why) override;
    mqtt::publish_verdict may_publish(const mqtt::client_info& from,
                                      const mqtt::publish_view& message) override;
    mqtt::reason may_subscribe(const mqtt::client_info& who, std::string_view filter,
                               const mqtt::subscription_options& wanted, bool shared) override;
    bool may_receive(const mqtt::client_info& who, std::string_view source,
                     std::string_view topic) override;
    void resolve(const mqtt::client_info* from, std::string_view source, std::string_view topic,
                 mqtt::route_builder& to) override;
    std::uint64_t generation() const override { return router_.tables_set(); }
    void lost(mqtt::loss why, std::string_view source, std::string_view topic,
              std::string_view client_id) override;
    void routed(std::string_view source, const mqtt::client_info* from, std::size_t clients,
                std::span<const std::uint32_t> marks) override;

private:
    struct admissions;
    class without_route;

    std::shared_ptr<const admissions> current() const;
    mqtt::publish_verdict refuse_size(const mqtt::client_info& from,
                                      const mqtt::publish_view& message);

    group_policy_settings settings_;
    router& router_;
    outside others_;
    logger log_;
    per_thread<routing_lane> lanes_;
    std::shared_ptr<without_route> no_subscription_;
    std::shared_ptr<without_route> subject_differs_;
    mutable std::mutex mutex_;  // of what follows; for connections, not for messages
    std::shared_ptr<const admissions> admissions_;
};

drop_reason drop_reason_of(mqtt::loss why);

}  // namespace evergrass::edge
