#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

// Answered when the message was handed to the hub; nobody need be there to receive it.
api_result publish(hub& devices, const call& from) {
    const auto topic = required_text(from, "topic");
    if (auto checked = check_publishable(topic); !checked) {
        return invalid_request("Invalid topic: " + checked.error().context + ".");
    }
    if (topic.starts_with('$')) {
        return invalid_request("No service of this build is behind the reserved topic " + topic +
                               ".");
    }
    if (from.payload.size() > max_payload_bytes) {
        return api_error{413, "RequestEntityTooLargeException", "The payload is over 128 KB."};
    }
    const auto level = int_member(from.input, "qos").value_or(0);
    if (level != 0 && level != 1) {
        return invalid_request("qos must be 0 or 1.");
    }
    devices.publish(topic, from.payload, static_cast<mqtt::qos>(level));
    return reply{};
}

}  // namespace evergrass::cloud::iot
