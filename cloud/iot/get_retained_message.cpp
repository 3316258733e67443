#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/records.hpp"
#include "libs/base/encoding.hpp"
#include "libs/mqtt/types.hpp"

namespace evergrass::cloud::iot {

// Without lastModifiedTime: when a message was retained is not kept.
api_result get_retained_message(hub& devices, const call& from) {
    const auto topic = required_text(from, "topic");
    if (!mqtt::check_topic_name(topic)) {
        return invalid_request("topic '" + topic + "' is not the name of a topic.");
    }
    const auto found = devices.retained(topic);
    if (found.empty()) {
        return resource_not_found("There is no retained message of the topic " + topic + ".");
    }
    const auto& message = *found.front();
    return reply{{{"topic", message.topic},
                  {"payload", base64_encode(*message.payload)},
                  {"qos", static_cast<int>(message.level)}}};
}

}  // namespace evergrass::cloud::iot
