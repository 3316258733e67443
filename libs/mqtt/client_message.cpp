#include "libs/mqtt/client_message.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/mqtt/property.hpp"

namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_text_bytes = 65'535;

result<void> check_text(std::string_view text, std::string_view what) {
    if (text.size() > max_text_bytes) {
        return error{errc::too_large, std::string(what) + " is longer than 65535 bytes"};
    }
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
        return error{errc::invalid_input,
                     std::string(what) + " is no well-formed UTF-8 text [MQTT-1.5.4-1]"};
    }
    return {};
}

}  // namespace

received_properties read_properties(std::string_view list) {
    received_properties read;
    property_reader reader(list);
    while (const auto each = reader.next()) {
        switch (each->id) {
            case property_id::payload_format_indicator:
                read.utf8_payload = each->number == 1;
                break;
            case property_id::message_expiry_interval:
                read.expiry = each->number;
                break;
            case property_id::content_type:
                read.content_type = each->text;
                break;
            case property_id::response_topic:
                read.response_topic = each->text;
                break;
            case property_id::correlation_data:
                read.correlation_data = each->text;
                break;
            case property_id::subscription_identifier:
                read.subscription_ids.push_back(each->number);
                break;
            case property_id::user_property:
                read.user.emplace_back(each->text, each->value);
                break;
            default:
                break;
        }
    }
    return read;
}

result<void> check_properties(const message_properties& properties) {
    if (const auto checked = check_text(properties.content_type, "the content type"); !checked) {
        return checked;
    }
    if (!properties.response_topic.empty()) {
        if (const auto checked = check_topic_name(properties.response_topic); !checked) {
            return with_context(checked.error(), "the response topic");
        }
    }
    if (properties.correlation_data.size() > max_text_bytes) {
        return error{errc::too_large, "the correlation data is longer than 65535 bytes"};
    }
    for (const auto& [name, value] : properties.user) {
        for (const auto* const text : {&name, &value}) {
            if (const auto checked = check_text(*text, "a user property"); !checked) {
                return checked;
            }
        }
    }
    return {};
}

std::string encode_properties(const message_properties& properties) {
    std::string out;
    if (properties.utf8_payload) {
        put_property(out, property_id::payload_format_indicator, 1);
    }
    if (!properties.content_type.empty()) {
        put_property(out, property_id::content_type, properties.content_type);
    }
    if (!properties.response_topic.empty()) {
        put_property(out, property_id::response_topic, properties.response_topic);
    }
    if (!properties.correlation_data.empty()) {
        put_property(out, property_id::correlation_data, properties.correlation_data);
    }
    for (const auto& [name, value] : properties.user) {
        put_user_property(out, name, value);
    }
    return out;
}

}  // namespace evergrass::mqtt
