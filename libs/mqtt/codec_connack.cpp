#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/reason_set.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

constexpr wire::property_rules connack_properties{wire::set_of(
    property_id::session_expiry_interval, property_id::receive_maximum, property_id::maximum_qos,
    property_id::retain_available, property_id::maximum_packet_size,
    property_id::assigned_client_identifier, property_id::topic_alias_maximum,
    property_id::reason_string, property_id::user_property,
    property_id::wildcard_subscription_available, property_id::subscription_identifier_available,
    property_id::shared_subscription_available, property_id::server_keep_alive,
    property_id::response_information, property_id::server_reference,
    property_id::authentication_method, property_id::authentication_data)};

// MQTT5 3.2.2.2
constexpr wire::reason_set connack_reasons{reason::success,
                                           reason::unspecified_error,
                                           reason::malformed_packet,
                                           reason::protocol_error,
                                           reason::implementation_specific_error,
                                           reason::unsupported_protocol_version,
                                           reason::client_identifier_not_valid,
                                           reason::bad_user_name_or_password,
                                           reason::not_authorized,
                                           reason::server_unavailable,
                                           reason::server_busy,
                                           reason::banned,
                                           reason::bad_authentication_method,
                                           reason::topic_name_invalid,
                                           reason::packet_too_large,
                                           reason::quota_exceeded,
                                           reason::payload_format_invalid,
                                           reason::retain_not_supported,
                                           reason::qos_not_supported,
                                           reason::use_another_server,
                                           reason::server_moved,
                                           reason::connection_rate_exceeded};

// The codes of 3.1.1 (table 3.1), by number.
constexpr std::array<reason, 6> reasons_of_v3{
    reason::success,
    reason::unsupported_protocol_version,
    reason::client_identifier_not_valid,
    reason::server_unavailable,
    reason::bad_user_name_or_password,
    reason::not_authorized,
};

// nullopt: 3.1.1 has no code that says so.
std::optional<unsigned> code_in_v3(reason code) {
    switch (code) {
        case reason::success:
            return 0;
        case reason::unsupported_protocol_version:
            return 1;
        case reason::client_identifier_not_valid:
            return 2;
        case reason::server_unavailable:
        case reason::server_busy:
        case reason::server_shutting_down:
        case reason::quota_exceeded:
        case reason::use_another_server:
        case reason::server_moved:
        case reason::connection_rate_exceeded:
            return 3;
        case reason::bad_user_name_or_password:
            return 4;
        case reason::not_authorized:
        case reason::banned:
        case reason::bad_authentication_method:
            return 5;
        default:
            return std::nullopt;
    }
}

// Nothing for those that are read as the packet's members say when they are not there.
void take_property(const property& each, connack_packet& p) {
    switch (each.id) {
        case property_id::session_expiry_interval:
            p.session_expiry = each.number;
            break;
        case property_id::receive_maximum:
            p.receive_maximum = static_cast<std::uint16_t>(each.number);
            break;
        case property_id::maximum_qos:
            p.maximum_qos = static_cast<qos>(each.number);
            break;
        case property_id::retain_available:
            p.retain_available = each.number != 0;
            break;
        case property_id::maximum_packet_size:
            p.maximum_packet_size = each.number;
            break;
        case property_id::assigned_client_identifier:
            p.assigned_client_id = each.text;
            break;
        case property_id::topic_alias_maximum:
            p.topic_alias_maximum = static_cast<std::uint16_t>(each.number);
            break;
        case property_id::reason_string:
            p.reason_string = each.text;
            break;
        case property_id::wildcard_subscription_available:
            p.wildcard_subscription_available = each.number != 0;
            break;
        case property_id::subscription_identifier_available:
            p.subscription_identifiers_available = each.number != 0;
            break;
        case property_id::shared_subscription_available:
            p.shared_subscription_available = each.number != 0;
            break;
        case property_id::server_keep_alive:
            p.server_keep_alive = static_cast<std::uint16_t>(each.number);
            break;
        case property_id::response_information:
            p.response_information = each.text;
            break;
        default:
            break;
    }
}

bool read_code(unsigned code, protocol_version version, reason& said, breach& why) {
    if (version == protocol_version::v5) {
        if (!connack_reasons.has(code)) {
            return refuse(why, reason::protocol_error,
                          "has a reason code that it may not have [MQTT-3.2.2-8]");
        }
        said = static_cast<reason>(code);
        return true;
    }
    if (code >= reasons_of_v3.size()) {
        return refuse(why, reason::protocol_error,
                      "has a return code that does not exist [MQTT-3.2.2.3]");
    }
    said = reasons_of_v3.at(code);
    return true;
}

bool read_connack(const frame& f, protocol_version version, connack_packet& p, breach& why) {
    wire::reader in(f.body);
    const unsigned flags = in.u8();
    const unsigned code = in.u8();
    if (!in.well(why)) {
        return false;
    }
    if (flags > 1) {
        return refuse(why, reason::malformed_packet,
                      "has reserved flags set [MQTT-3.2.2.1, 5.0: MQTT-3.2.2-1]");
    }
    p.session_present = flags == 1;
    if (!read_code(code, version, p.code, why)) {
        return false;
    }
    if (p.session_present && p.code != reason::success) {
        return refuse(why, reason::protocol_error,
                      "refuses but says that a session is present "
                      "[MQTT-3.2.2-4, 5.0: MQTT-3.2.2-6]");
    }
    if (version != protocol_version::v5) {
        return in.finished(why);
    }
    const auto list = in.properties();
    return in.finished(why) &&
           wire::read_properties(list, connack_properties, why,
                                 [&](const property& each) { take_property(each, p); });
}

void put_unless(std::string& out, property_id id, bool available) {
    if (!available) {
        put_property(out, id, 0);
    }
}

void put_if_any(std::string& out, property_id id, std::string_view text) {
    if (!text.empty()) {
        put_property(out, id, text);
    }
}

std::string properties_of(const connack_packet& p) {
    std::string list;
    if (p.session_expiry) {
        put_property(list, property_id::session_expiry_interval, *p.session_expiry);
    }
    if (p.receive_maximum != 65'535) {
        put_property(list, property_id::receive_maximum, p.receive_maximum);
    }
    if (p.maximum_qos != qos::exactly_once) {
        put_property(list, property_id::maximum_qos, static_cast<std::uint32_t>(p.maximum_qos));
    }
    put_unless(list, property_id::retain_available, p.retain_available);
    if (p.maximum_packet_size) {
        put_property(list, property_id::maximum_packet_size, *p.maximum_packet_size);
    }
    put_if_any(list, property_id::assigned_client_identifier, p.assigned_client_id);
    if (p.topic_alias_maximum != 0) {
        put_property(list, property_id::topic_alias_maximum, p.topic_alias_maximum);
    }
    put_if_any(list, property_id::reason_string, p.reason_string);
    put_unless(list, property_id::wildcard_subscription_available,
               p.wildcard_subscription_available);
    put_unless(list, property_id::subscription_identifier_available,
               p.subscription_identifiers_available);
    put_unless(list, property_id::shared_subscription_available, p.shared_subscription_available);
    if (p.server_keep_alive) {
        put_property(list, property_id::server_keep_alive, *p.server_keep_alive);
    }
    put_if_any(list, property_id::response_information, p.response_information);
    return list;
}

}  // namespace

decoded<connack_packet> decode_connack(const frame& f, protocol_version version) {
    return wire::decode_by<connack_packet>(
        f.type, [&](connack_packet& p, breach& why) { return read_connack(f, version, p, why); });
}

void encode_connack(std::string& out, protocol_version version, const connack_packet& p) {
    if (version != protocol_version::v5) {
        if (const auto code = code_in_v3(p.code)) {
            auto to = wire::begin_packet(out, packet_type::connack, 0, 2);
            to.u8(p.session_present ? 1 : 0);
            to.u8(*code);
        }
        return;
    }
    const auto list = properties_of(p);
    auto to = wire::begin_packet(out, packet_type::connack, 0,
                                 2 + wire::varint_size(list.size()) + list.size());
    to.u8(p.session_present ? 1 : 0);
    to.u8(static_cast<unsigned>(p.code));
    to.varint(list.size());
    to.bytes(list);
}

}  // namespace evergrass::mqtt
