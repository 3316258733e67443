#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Properties of MQTT 5 (2.2.2) as they stand on the wire.
namespace evergrass::mqtt {

enum class property_id : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

struct property {
    property_id id{};
    std::uint32_t number = 0;  // of the integer properties
    std::string_view text;     // of strings and binary data; the name of a user property
    std::string_view value;    // of a user property
    std::string_view raw;      // the whole of it as on the wire, its identifier included
};

// Walks a property list without its length in front. next() gives nullopt at the end and at bytes
// that are no property; failed() tells the two apart. UTF-8 is not checked: decoders do that.
class property_reader {
public:
    explicit property_reader(std::string_view list) : rest_(list) {}
    std::optional<property> next();
    bool failed() const { return failed_; }

private:
    std::string_view rest_;
    bool failed_ = false;
};

// Of a PUBLISH's (or will's) well-formed list, what goes to subscribers unaltered and in order
// [MQTT-3.3.2-4, -15, -16, -18, -20]: all but topic alias, message expiry, subscription identifiers
// and will delay. A view into `list` when nothing has to be left out, else into `scratch`.
std::string_view forwarded_properties(std::string_view list, std::string& scratch);

void put_property(std::string& out, property_id id, std::uint32_t number);  // by the id's own width
void put_property(std::string& out, property_id id, std::string_view text);
void put_user_property(std::string& out, std::string_view name, std::string_view value);

}  // namespace evergrass::mqtt
