#pragma once

#include "contract/manifest.hpp"
#include "edge/router/router.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evergrass::edge {

struct device_server_settings {
    std::string address = "0.0.0.0";
    std::uint16_t port = 8883;            // ggMqttPort; 0: the system picks one
    std::size_t max_filters = 1'000;      // of one connected device; more get a failure code
    std::size_t max_connections = 2'500;  // V1.11's devices in a group (spec/core.md §26)
};

// The core's local MQTT server (spec/core.md §11): mutual TLS, and only for the group's devices. A
// certificate that is not of the group gets a fatal alert in the handshake, so its CONNECT is never
// read; the client id must be the thing's name. What devices publish goes to the router; as its
// sink for devices, this hands a message to a device when one of the device's own filters matches,
// at QoS 0 as V1 did. One executor.
class device_server : public sink, private mqtt::server_handler {
public:
    device_server(boost::asio::any_io_executor executor, device_server_settings settings,
                  router& messages, logger log);
    ~device_server() override;

    // Opens the port. Connections are refused until there is a certificate. The error names the
    // port and says what to do when it is in use.
    result<void> open();
    std::uint16_t port() const;
    void stop();

    // Serves new connections with this chain and key; those that exist stay.
    result<void> use_certificate(const rt::tls_identity& identity);
    // After a reset: new connections are refused.
    void drop_certificate();

    // Makes these the devices that are admitted. Sessions of devices that stay are not touched;
    // those of others are closed.
    void admit(const std::vector<contract::group_member>& devices);

    std::size_t connected() const;

    bool is_connected(const std::string& thing) const;

    std::optional<drop_reason> deliver(const endpoint& target, const message& m) override;
    std::optional<drop_reason> would_drop(const endpoint& target,
                                          std::string_view topic) const override;
    std::optional<drop_reason> would_refuse(const endpoint& source) const override;

private:
    struct session;

    // Certificate id to the things that it stands for; more than one when devices share it.
    using admitted_things = std::unordered_map<std::string, std::vector<std::string>>;

    mqtt::connect_code on_connect(mqtt::server_connection& from,
                                  const mqtt::connect_info& info) override;
    bool on_publish(mqtt::server_connection& from, const mqtt::publish_view& message) override;
    std::optional<mqtt::qos> on_subscribe(mqtt::server_connection& from, std::string_view filter,
                                          mqtt::qos wanted) override;
    void on_unsubscribe(mqtt::server_connection& from, std::string_view filter) override;
    void on_disconnect(mqtt::server_connection& from, bool clean, std::string_view reason) override;

    bool may_be(const std::string& certificate_id, const std::string& thing) const;

    boost::asio::any_io_executor executor_;
    device_server_settings settings_;
    router& router_;
    logger log_;
    // Shared with the TLS contexts, which may outlive a change of it by a handshake.
    std::shared_ptr<admitted_things> admitted_ = std::make_shared<admitted_things>();
    std::shared_ptr<rt::tls_context> context_;
    mqtt::server server_;
    std::unique_ptr<rt::listener> listener_;
};

}  // namespace evergrass::edge
