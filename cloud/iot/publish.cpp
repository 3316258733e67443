#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/http_publish.hpp"
#include "cloud/iot/records.hpp"
#include "libs/base/errors.hpp"

#include <future>
#include <memory>

namespace evergrass::cloud::iot {
namespace {

http_publish read(const call& from) {
    http_publish asked;
    asked.topic = required_text(from, "topic");
    asked.payload = from.payload;
    asked.level = int_member(from.input, "qos").value_or(0);
    asked.retain = bool_member(from.input, "retain").value_or(false);
    asked.content_type = string_member(from.input, "contentType").value_or("");
    asked.response_topic = string_member(from.input, "responseTopic").value_or("");
    asked.correlation_data = string_member(from.input, "correlationData").value_or("");
    asked.payload_format_indicator =
        string_member(from.input, "payloadFormatIndicator").value_or("");
    asked.user_properties = string_member(from.input, "userProperties").value_or("");
    asked.message_expiry = int_member(from.input, "messageExpiry");
    return asked;
}

}  // namespace

// Answered at QoS 1 when all for whom the message is have it in their queues, and it is on the disk
// for those who are away; at QoS 0 when it was handed to the hub. Nobody need be there.
api_result publish(hub& devices, const clock& time, const call& from) {
    auto message = make_message(read(from), time.now());
    if (!message && message.error().code == errc::too_large) {
        return api_error{413, "RequestEntityTooLargeException", message.error().context};
    }
    if (!message) {
        return invalid_request(message.error().context);
    }
    if ((*message)->level == mqtt::qos::at_most_once) {
        devices.publish(std::move(*message));
        return reply{};
    }
    auto taken = std::make_shared<std::promise<void>>();
    const auto done = taken->get_future();
    devices.publish(std::move(*message), [taken] { taken->set_value(); });
    done.wait();
    return reply{};
}

}  // namespace evergrass::cloud::iot
