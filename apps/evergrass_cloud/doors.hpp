#pragma once

#include "apps/evergrass_cloud/device_door.hpp"
#include "apps/evergrass_cloud/options.hpp"
#include "apps/evergrass_cloud/parts.hpp"
#include "apps/evergrass_cloud/server_identity.hpp"
#include "cloud/iot/websocket_door.hpp"
#include "libs/http/local_server.hpp"
#include "libs/http/server.hpp"
#include "libs/http/socket_bridge.hpp"
#include "libs/rt/stream.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace evergrass::cloud {

struct open_ports {
    std::uint16_t api = 0;
    std::uint16_t http = 0;
    std::uint16_t mqtt = 0;
    std::uint16_t iot_https = 0;
};

// The listeners (spec/cloud.md §6.3) and who gets what comes in by each. MQTT's own port is the
// hub's; MQTT that comes in by the APIs' port, by ALPN or as WebSocket, is bridged to it. One
// executor, but for the devices' door.
class doors {
public:
    // `parts` outlives the doors.
    static result<std::unique_ptr<doors>> open(boost::asio::any_io_executor executor,
                                               const service_options& options, service_parts& parts,
                                               server_identity& identity, logger log);

    open_ports ports() const;

    // Lets nobody in any more, lets running requests end and closes every connection.
    boost::asio::awaitable<void> stop();

private:
    doors(boost::asio::any_io_executor executor, const service_options& options,
          service_parts& parts, logger log);
    http::server_options api_limits(const service_options& options);
    http::handler api_handler(bool plain_loopback);
    static boost::asio::awaitable<http::response> answer_admin(doors* self,
                                                               boost::asio::any_io_executor on,
                                                               http::request asked);
    result<void> open_api(boost::asio::any_io_executor executor, const service_options& options,
                          server_identity& identity);
    result<void> open_devices(const service_options& options, server_identity& identity);
    void take_api_connection(rt::secure_connection connection);
    void take_mqtt(http::connection&& from, mqtt::client_identity who, std::string received);

    service_parts& parts_;
    logger log_;
    http::socket_bridges bridges_;
    std::unique_ptr<websocket_door> websocket_;
    http::server api_server_;
    http::server plain_server_;
    http::server device_server_;  // of those that come by the APIs' port
    http::local_server admin_;
    std::unique_ptr<rt::listener> api_;
    std::unique_ptr<rt::listener> plain_;
    std::unique_ptr<device_door> iot_https_;
    std::uint16_t mqtt_port_ = 0;
};

}  // namespace evergrass::cloud
