#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/iot/topic_index.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/server.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace evergrass::cloud {

// AWS IoT's largest payload, over MQTT and HTTPS alike (spec/cloud.md §4.1).
inline constexpr std::size_t max_payload_bytes = 128 * 1024;

// May anybody publish to this topic at all: well-formed, at most 256 bytes and 7 slashes
// (spec/cloud.md §4.1, three more slashes for `$aws/things/NAME/`), and no topic of the broker's
// own but `$aws/…`.
result<void> check_publishable(std::string_view topic);

// Who is connected, who subscribed to what, and what each may do: every decision of the hub,
// without its sockets. Rights are looked at for each message, so a policy that is taken away takes
// effect at once.
//
// One thread. `identity` and `authority` outlive it.
class hub_sessions final : public mqtt::server_handler {
public:
    hub_sessions(const service_identity& identity, const device_authority& authority, logger log);

    mqtt::connect_code on_connect(mqtt::server_connection& from,
                                  const mqtt::connect_info& info) override;
    bool on_publish(mqtt::server_connection& from, const mqtt::publish_view& message) override;
    std::optional<mqtt::qos> on_subscribe(mqtt::server_connection& from, std::string_view filter,
                                          mqtt::qos wanted) override;
    void on_unsubscribe(mqtt::server_connection& from, std::string_view filter) override;
    void on_disconnect(mqtt::server_connection& from, bool clean, std::string_view reason) override;

    // To everybody whose filters match and who may receive it.
    void deliver(std::string_view topic, std::shared_ptr<const std::string> payload,
                 mqtt::qos level);

    // Closes what the certificate has open, or everything whose certificate is not ACTIVE.
    void cut_off(const std::string& certificate_id);
    void cut_off_inactive();

private:
    struct session;

    static session& session_of(mqtt::server_connection& from);
    bool allows(const session& who, std::string_view action, std::string_view kind,
                std::string_view name) const;
    bool may_publish(const session& who, std::string_view topic, bool retain) const;
    void send_to(session& who, std::string_view topic,
                 const std::shared_ptr<const std::string>& payload, mqtt::qos level);
    void close_where(const std::function<bool(const session&)>& chosen, std::string_view reason);

    const service_identity& identity_;
    const device_authority& authority_;
    logger log_;
    topic_index index_;
    std::unordered_map<topic_index::subscriber, std::shared_ptr<session>> sessions_;
    topic_index::subscriber last_number_ = 0;
};

}  // namespace evergrass::cloud
