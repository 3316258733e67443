#include "cloud/iot/http_publish.hpp"

#include "cloud/iot/topic_rules.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/jobs/topics.hpp"
#include "libs/mqtt/property.hpp"
#include "libs/shadow/topics.hpp"

#include <chrono>
#include <utility>

namespace evergrass::cloud {
namespace {

using mqtt::property_id;

// Of a text or of binary data in a property (MQTT5 1.5.4, 1.5.6).
constexpr std::size_t most_property_bytes = 65'535;
// AWS IoT takes 8 KB of user properties.
constexpr std::size_t most_user_property_bytes = 8 * 1024;

error refused(std::string why) {
    return error{errc::invalid_input, std::move(why)};
}

// MQTT's UTF-8: well-formed and without NUL.
bool is_mqtt_text(std::string_view text) {
    return text.size() <= most_property_bytes && is_utf8(text) &&
           text.find('\0') == std::string_view::npos;
}

result<void> add_user_properties(std::string& out, const std::string& said) {
    auto parsed = parse_json(said, 4);
    if (parsed && parsed->is_string()) {  // some SDKs encode the JSON text once more
        parsed = parse_json(parsed->get_string(), 4);
    }
    if (!parsed || !parsed->is_array()) {
        return refused("userProperties must be a JSON array of objects with one member each");
    }
    const auto before = out.size();
    for (const auto& each : parsed->get_array()) {
        const auto* const one = each.if_object();
        if (one == nullptr || one->size() != 1 || !one->begin()->value().is_string()) {
            return refused("userProperties must be a JSON array of objects with one member each");
        }
        const std::string_view name(one->begin()->key());
        const std::string_view value(one->begin()->value().get_string());
        if (!is_mqtt_text(name) || !is_mqtt_text(value)) {
            return refused("a user property is no text that MQTT can carry");
        }
        mqtt::put_user_property(out, name, value);
    }
    if (out.size() - before > most_user_property_bytes) {
        return refused("the user properties are over 8 KB");
    }
    return {};
}

result<void> add_format(std::string& out, const std::string& said) {
    if (said == "UTF8_DATA" || said == "UNSPECIFIED_BYTES") {
        mqtt::put_property(out, property_id::payload_format_indicator,
                           said == "UTF8_DATA" ? 1U : 0U);
        return {};
    }
    return refused("payloadFormatIndicator must be UNSPECIFIED_BYTES or UTF8_DATA");
}

result<std::string> properties_of(const http_publish& asked) {
    std::string out;
    if (!asked.payload_format_indicator.empty()) {
        if (auto added = add_format(out, asked.payload_format_indicator); !added) {
            return added.error();
        }
    }
    if (!asked.content_type.empty()) {
        if (!is_mqtt_text(asked.content_type)) {
            return refused("contentType is no text that MQTT can carry");
        }
        mqtt::put_property(out, property_id::content_type, asked.content_type);
    }
    if (!asked.response_topic.empty()) {
        if (auto checked = check_publishable(asked.response_topic); !checked) {
            return refused("responseTopic: " + checked.error().context);
        }
        mqtt::put_property(out, property_id::response_topic, asked.response_topic);
    }
    if (!asked.correlation_data.empty()) {
        const auto bytes = base64_decode(asked.correlation_data);
        if (!bytes || bytes->size() > most_property_bytes) {
            return refused("correlationData must be at most 65,535 bytes in base64");
        }
        mqtt::put_property(out, property_id::correlation_data, *bytes);
    }
    if (!asked.user_properties.empty()) {
        if (auto added = add_user_properties(out, asked.user_properties); !added) {
            return added.error();
        }
    }
    return out;
}

}  // namespace

result<mqtt::message_ptr> make_message(http_publish asked, wall_time now) {
    if (auto checked = check_publishable(asked.topic); !checked) {
        return refused("Invalid topic: " + checked.error().context + ".");
    }
    if (asked.topic.starts_with("$aws/rules/")) {
        return refused(
            "There are no rules (Basic Ingest) in this service: publish to the topic "
            "itself.");
    }
    if (is_reserved(asked.topic) && !shadow::parse_request_topic(asked.topic) &&
        !jobs::parse_request_topic(asked.topic)) {
        return refused("No service of this build is behind the reserved topic " + asked.topic +
                       ".");
    }
    if (is_reserved(asked.topic) && asked.retain) {
        return refused("Reserved topics have no retained messages.");
    }
    if (asked.payload.size() > max_payload_bytes) {
        return error{errc::too_large, "The payload is over 128 KB."};
    }
    if (asked.level != 0 && asked.level != 1) {
        return refused("qos must be 0 or 1.");
    }
    auto properties = properties_of(asked);
    if (!properties) {
        return refused(properties.error().context + ".");
    }
    auto made = std::make_shared<mqtt::stored_message>();
    if (asked.message_expiry) {
        if (*asked.message_expiry < 1 || *asked.message_expiry > 0xFFFF'FFFF) {
            return refused("messageExpiry must be 1 to 4294967295 seconds.");
        }
        made->expires_at = now + std::chrono::seconds(*asked.message_expiry);
    }
    made->topic = std::move(asked.topic);
    made->payload = std::make_shared<const std::string>(std::move(asked.payload));
    made->level = static_cast<mqtt::qos>(asked.level);
    made->retain = asked.retain;
    made->properties = std::move(*properties);
    return mqtt::message_ptr(std::move(made));
}

}  // namespace evergrass::cloud
