#pragma once

#include "contract/manifest.hpp"
#include "edge/devices/group_policy.hpp"
#include "edge/devices/hand_over.hpp"
#include "edge/router/router.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/rt/held_key.hpp"
#include "libs/rt/server_tls.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

struct device_server_settings {
    std::string address = "0.0.0.0";
    std::uint16_t port = 8883;  // ggMqttPort; 0: the system picks one
    mqtt::server_settings mqtt;
    rt::tls_version oldest_tls = rt::tls_version::tls_1_2;
    std::string cipher_suites;  // empty: V1's (spec/core.md §11)
};

// The core's local MQTT server (spec/core.md §11): mutual TLS, and only for the group's devices. A
// certificate that is not of the group gets a fatal alert in the handshake, so its CONNECT is never
// read; the client id must be the thing's name. The server has threads of its own, on which
// group_policy routes what devices publish: to devices at once, to functions and the cloud by way
// of the executor. It is the router's sink for devices: what functions and the cloud send goes to
// devices at QoS 1, as far as a device's own filter asks for that (V1's profile: QoS 0).
//
// All members on the executor, which the router's own lane belongs to, but for deliver().
class device_server : public sink {
public:
    device_server(boost::asio::any_io_executor executor, device_server_settings settings,
                  router& messages, logger log);
    ~device_server() override;

    // Reads the kept sessions, starts the threads and opens the port. Connections are refused until
    // there is a certificate. What sessions wait for goes by the table and the devices of now: give
    // it those of the last deployment before. The error names the port or the directory and says
    // what to do.
    result<void> open();
    std::uint16_t port() const { return port_; }
    // Saves what is to be kept and ends the threads; what devices sent to functions and the cloud
    // is handed over first.
    void stop();

    // Serves new connections with this chain and key; those that exist stay, and clients may go on
    // with the TLS sessions they have.
    result<void> use_certificate(const rt::held_identity& identity);
    // After a reset: new connections are refused.
    void drop_certificate();

    // Makes these the devices that are admitted. Sessions of devices that stay are not touched;
    // those of others are closed and forgotten, with what waits for them.
    void admit(const std::vector<contract::group_member>& devices);

    std::size_t connected() const;
    bool is_connected(const std::string& thing) const;
    mqtt::server::statistics numbers() const;

    std::optional<drop_reason> deliver(const endpoint& source, const endpoint& target,
                                       const message& m) override;
    bool finds_targets() const override { return true; }
    std::optional<drop_reason> would_drop(const endpoint& target,
                                          std::string_view topic) const override;
    std::optional<drop_reason> would_refuse(const endpoint& source) const override;

private:
    void close_others();
    std::shared_ptr<const rt::server_tls> tls() const;

    device_server_settings settings_;
    router& router_;
    logger log_;
    std::shared_ptr<hand_over> outside_;
    group_policy rules_;
    rt::tls_sessions tls_sessions_;
    mutable std::mutex mutex_;  // of the next: the server's thread asks for it
    std::shared_ptr<const rt::server_tls> tls_;
    std::unique_ptr<mqtt::server> server_;  // null until open()
    std::uint16_t port_ = 0;
    bool stopped_ = false;
};

}  // namespace evergrass::edge
