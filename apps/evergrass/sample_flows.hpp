#pragma once

#include "apps/evergrass/discovery.hpp"
#include "apps/evergrass/flow_book.hpp"
#include "apps/evergrass/mqtt_link.hpp"
#include "apps/evergrass/progress.hpp"
#include "apps/evergrass/up_state.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace evergrass::cli {

struct flow_options {
    std::string discovery_url;
    host_port iot_mqtt;
    std::string service_ca_file;
    std::string core_logs;  // the folder, for error messages
};

// The sample's two devices and a listener at the service. The devices find the core as any device
// does: discovery over mutual TLS, then MQTT with the address and CA that it told. They step aside
// for good when a user connects with their identity.
class sample_flows {
public:
    sample_flows(boost::asio::any_io_executor executor, flow_options options, const up_state& state,
                 progress& shown);

    boost::asio::awaitable<result<void>> connect();

    // Sends a reading each way every second and shows how long it took. `once`: until each flow was
    // seen; an error names those that were not within 30 s, and likely reasons. Else: for ever.
    boost::asio::awaitable<result<void>> show(bool once);

private:
    boost::asio::awaitable<result<std::unique_ptr<mqtt_link>>> connect_device(
        provisioned_thing thing, mqtt_link::on_message received);
    boost::asio::awaitable<result<void>> connect_observer();
    void received(flow f, std::string_view payload);
    void send(std::uint64_t sequence);
    bool displaced() const;
    error unseen() const;
    std::string likely_reason(flow f) const;

    boost::asio::any_io_executor executor_;
    flow_options options_;
    const up_state& state_;
    progress& progress_;
    std::string run_;
    flow_book book_;
    event arrived_;
    std::unique_ptr<mqtt_link> sensor_;
    std::unique_ptr<mqtt_link> display_;
    std::unique_ptr<mqtt_link> observer_;
};

}  // namespace evergrass::cli
