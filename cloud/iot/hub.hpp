#pragma once

#include "cloud/iot/hub_sessions.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// The service's device MQTT: lets certificates in that the registry knows, holds each to its
// policies, and passes every message to all whose filters match and who may receive it. Rights are
// looked at for each message, so a policy that is taken away takes effect at once.
//
// What it does not have yet: sessions that outlive their connection, retained messages (a message
// with the flag is passed on to who is there), services behind `$aws/…` (a message there is
// acknowledged, logged and dropped).
//
// Members are for the executor's thread unless they say otherwise. `identity` and `authority`
// outlive the hub.
class hub {
public:
    hub(boost::asio::any_io_executor executor, const service_identity& identity,
        const device_authority& authority, const logger& log);
    ~hub();

    void serve(rt::secure_connection connection);
    std::size_t connections() const;
    void stop();

    // Any thread: the message goes out soon after. The topic has passed check_publishable.
    void publish(std::string topic, std::string payload, mqtt::qos level);

    // Any thread: closes what the certificate has open, or everything whose certificate is not
    // ACTIVE.
    void cut_off(std::string certificate_id);
    void cut_off_inactive();

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::cloud
