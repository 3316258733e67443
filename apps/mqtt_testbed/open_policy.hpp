#pragma once

#include "apps/mqtt_testbed/loss_file.hpp"
#include "libs/mqtt/policy.hpp"

#include <memory>
#include <utility>

namespace evergrass::testbed {

// A plain MQTT broker's rules: any client, any topic. Only what begins with "$SYS" or "$share" is
// not to be published to: others take the one for the server's word [MQTT5 4.7.2], and the other
// is no topic. Any thread.
class open_policy final : public mqtt::policy {
public:
    // `losses` null: not written down.
    explicit open_policy(std::unique_ptr<loss_file> losses = nullptr)
        : losses_(std::move(losses)) {}

    mqtt::admission admit(const mqtt::client_identity& who, std::string_view client_id,
                          const mqtt::connect_packet& packet) override;
    mqtt::publish_verdict may_publish(const mqtt::client_info& from,
                                      const mqtt::publish_view& message) override;
    mqtt::reason may_subscribe(const mqtt::client_info& who, std::string_view filter,
                               const mqtt::subscription_options& wanted, bool shared) override;
    bool may_receive(const mqtt::client_info& who, std::string_view source,
                     std::string_view topic) override;
    void resolve(const mqtt::client_info* from, std::string_view source, std::string_view topic,
                 mqtt::route_builder& to) override;
    std::uint64_t generation() const override { return 1; }
    void lost(mqtt::loss why, std::string_view source, std::string_view topic,
              std::string_view client_id) override;

private:
    const std::unique_ptr<loss_file> losses_;
};

}  // namespace evergrass::testbed
