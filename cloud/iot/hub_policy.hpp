#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/gateway/rights.hpp"
#include "cloud/iot/lifecycle_events.hpp"
#include "cloud/iot/registry_changes.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/policy.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// client_identity::attachment of who came in by an access key and not by a certificate.
struct access_key_principal {
    std::string access_key_id;
    access_role role = access_role::admin;
};

// What is behind reserved topics, and where lifecycle events go.
struct hub_services {
    // Take what is published to the request topics of shadows and jobs; null: nobody does.
    std::shared_ptr<mqtt::external_target> shadows = {};
    std::shared_ptr<mqtt::external_target> jobs = {};
    // Those of fleet provisioning.
    std::shared_ptr<mqtt::external_target> provisioning = {};
    // Called on MQTT's threads; must not block. Empty: no events.
    lifecycle_events::sayer say = {};
    // Of a service that is one of several: brings what clients publish to the subscribers of all,
    // those here too; null: it is alone, and they get it at once.
    std::shared_ptr<mqtt::external_target> everybody = {};
    // With `everybody`: called on MQTT's threads when a client has come and when it has left; must
    // not block.
    std::function<void(const client_connection& which)> came = {};
    std::function<void(const client_connection& which)> left = {};
    // With `everybody`: rises with each connection of a client, to whichever service. As `left`.
    lifecycle_events::numberer number_of = {};
    // With `everybody`: whether this service can take part in one more shared subscription. Called
    // on MQTT's threads; must not block. Empty: always.
    std::function<bool()> has_room_for_shares = {};
};

// Who may do what at the service's device MQTT, as AWS IoT decides it (docs/device-mqtt.md): a
// certificate by its policies, which are asked for each message, so that a right that is taken away
// is gone at once; an access key everything, but one that reads publishes nothing.
//
// What a client may do before it has come back after a restart is not known: messages are kept for
// it and held against its rights when it comes; its delayed will is not published.
//
// Any thread. The answers wait for the registry's store where they are not remembered
// (registry_authority). What is passed in outlives it.
class hub_policy final : public mqtt::policy {
public:
    hub_policy(const service_identity& identity, const device_authority& authority,
               const registry_changes& changes, logger log, hub_services services = {});

    // Would admit() say yes? No log line.
    bool would_admit(const mqtt::client_identity& who, std::string_view client_id) const;
    // Who is behind the reserved topic; null: nobody.
    std::shared_ptr<mqtt::external_target> server_of(std::string_view topic) const;

    mqtt::admission admit(const mqtt::client_identity& who, std::string_view client_id,
                          const mqtt::connect_packet& packet) override;
    void connected(const mqtt::client_info& who, bool session_present) override;
    void disconnected(const mqtt::client_info& who, bool clean, std::string_view why) override;

    mqtt::publish_verdict may_publish(const mqtt::client_info& from,
                                      const mqtt::publish_view& message) override;
    mqtt::reason may_subscribe(const mqtt::client_info& who, std::string_view filter,
                               const mqtt::subscription_options& wanted, bool shared) override;
    void subscribed(const mqtt::client_info& who,
                    std::span<const std::string_view> filters) override;
    void unsubscribed(const mqtt::client_info& who,
                      std::span<const std::string_view> filters) override;
    bool may_receive(const mqtt::client_info& who, std::string_view source,
                     std::string_view topic) override;
    void resolve(const mqtt::client_info* from, std::string_view source, std::string_view topic,
                 mqtt::route_builder& to) override;
    std::uint64_t generation() const override { return changes_.generation(); }

    void lost(mqtt::loss why, std::string_view source, std::string_view topic,
              std::string_view client_id) override;

    // Somebody has been told meanwhile that this client is gone, which is connected.
    void still_connected(const mqtt::client_info& who);

private:
    bool allows(const mqtt::client_identity& who, std::string_view client_id,
                std::string_view action, std::string_view kind, std::string_view name) const;
    std::uint64_t take_lost(const std::string& client_id);

    const service_identity& identity_;
    const device_authority& authority_;
    const registry_changes& changes_;
    logger log_;
    hub_services services_;
    lifecycle_events events_;
    std::mutex mutex_;
    std::map<std::string, std::uint64_t, std::less<>> lost_;  // by client id, since it connected
};

}  // namespace evergrass::cloud
