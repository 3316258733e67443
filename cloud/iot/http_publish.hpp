#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace evergrass::cloud {

// What Publish of "iot-data" and a device's `POST /topics/{topic}` ask for; empty texts were not
// said.
struct http_publish {
    std::string topic;
    std::string payload;
    std::int64_t level = 0;
    bool retain = false;
    std::string content_type;
    std::string response_topic;
    std::string correlation_data;                // base64
    std::string payload_format_indicator;        // UNSPECIFIED_BYTES or UTF8_DATA
    std::string user_properties;                 // JSON: [{"name": "value"}, …]
    std::optional<std::int64_t> message_expiry;  // seconds
};

// The message of the hub, with MQTT 5's properties. errc::too_large for a payload over 128 KB,
// errc::invalid_input for whatever else cannot be published; the context is a sentence for the
// caller.
result<mqtt::message_ptr> make_message(http_publish asked, wall_time now);

}  // namespace evergrass::cloud
