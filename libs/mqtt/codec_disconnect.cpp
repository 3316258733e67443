#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/reason_set.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

constexpr wire::property_rules disconnect_properties{
    wire::set_of(property_id::session_expiry_interval, property_id::reason_string,
                 property_id::user_property, property_id::server_reference)};
constexpr wire::property_rules auth_properties{
    wire::set_of(property_id::authentication_method, property_id::authentication_data,
                 property_id::reason_string, property_id::user_property)};

// MQTT5 3.14.2.1, those of both sides.
constexpr wire::reason_set disconnect_reasons{reason::success,
                                              reason::disconnect_with_will,
                                              reason::unspecified_error,
                                              reason::malformed_packet,
                                              reason::protocol_error,
                                              reason::implementation_specific_error,
                                              reason::not_authorized,
                                              reason::server_busy,
                                              reason::server_shutting_down,
                                              reason::keep_alive_timeout,
                                              reason::session_taken_over,
                                              reason::topic_filter_invalid,
                                              reason::topic_name_invalid,
                                              reason::receive_maximum_exceeded,
                                              reason::topic_alias_invalid,
                                              reason::packet_too_large,
                                              reason::message_rate_too_high,
                                              reason::quota_exceeded,
                                              reason::administrative_action,
                                              reason::payload_format_invalid,
                                              reason::retain_not_supported,
                                              reason::qos_not_supported,
                                              reason::use_another_server,
                                              reason::server_moved,
                                              reason::shared_subscriptions_not_supported,
                                              reason::connection_rate_exceeded,
                                              reason::maximum_connect_time,
                                              reason::subscription_identifiers_not_supported,
                                              reason::wildcard_subscriptions_not_supported};
constexpr wire::reason_set auth_reasons{reason::success, reason::continue_authentication,
                                        reason::reauthenticate};

bool read_disconnect(const frame& f, protocol_version version, sender from, disconnect_packet& p,
                     breach& why) {
    wire::reader in(f.body);
    if (version != protocol_version::v5 || in.at_end()) {
        return in.finished(why);
    }
    const unsigned code = in.u8();
    if (!disconnect_reasons.has(code)) {
        return refuse(why, reason::protocol_error,
                      "has a reason code that it may not have [MQTT-3.14.2-1]");
    }
    p.code = static_cast<reason>(code);
    if (in.at_end()) {
        return true;  // no length of properties either (MQTT5 3.14.2.2.1)
    }
    const auto list = in.properties();
    const auto take = [&](const property& each) {
        if (each.id == property_id::session_expiry_interval) {
            p.session_expiry = each.number;
        } else if (each.id == property_id::reason_string) {
            p.reason_string = each.text;
        }
    };
    if (!in.finished(why) || !wire::read_properties(list, disconnect_properties, why, take)) {
        return false;
    }
    return from == sender::client || !p.session_expiry ||
           refuse(why, reason::protocol_error,
                  "of a server has a session expiry interval [MQTT-3.14.2-2]");
}

bool read_auth(const frame& f, protocol_version version, auth_packet& p, breach& why) {
    if (version != protocol_version::v5) {
        return refuse(why, reason::malformed_packet, "is of 5.0 only [MQTT-2.2.1]");
    }
    wire::reader in(f.body);
    if (in.at_end()) {
        return true;  // success (MQTT5 3.15.2.1)
    }
    const unsigned code = in.u8();
    if (!auth_reasons.has(code)) {
        return refuse(why, reason::protocol_error,
                      "has a reason code that it may not have [MQTT-3.15.2-1]");
    }
    p.code = static_cast<reason>(code);
    bool method = false;
    const auto list = in.properties();
    if (!in.finished(why) ||
        !wire::read_properties(list, auth_properties, why, [&](const property& each) {
            method = method || each.id == property_id::authentication_method;
        })) {
        return false;
    }
    return method ||
           refuse(why, reason::protocol_error, "names no authentication method [MQTT5 3.15.2.2.2]");
}

}  // namespace

decoded<disconnect_packet> decode_disconnect(const frame& f, protocol_version version,
                                             sender from) {
    return wire::decode_by<disconnect_packet>(f.type, [&](disconnect_packet& p, breach& why) {
        return read_disconnect(f, version, from, p, why);
    });
}

decoded<auth_packet> decode_auth(const frame& f, protocol_version version) {
    return wire::decode_by<auth_packet>(
        f.type, [&](auth_packet& p, breach& why) { return read_auth(f, version, p, why); });
}

void encode_disconnect(std::string& out, protocol_version version, reason code,
                       std::string_view reason_string, std::optional<std::uint32_t> session_expiry,
                       std::size_t room) {
    if (version != protocol_version::v5) {
        if (code == reason::success) {
            encode_empty(out, packet_type::disconnect);
        }
        return;
    }
    const std::size_t expiry_bytes = session_expiry ? 5 : 0;
    const auto body_with = [&](std::size_t properties) {
        if (properties > 0) {
            return 1 + wire::varint_size(properties) + properties;
        }
        return std::size_t{code == reason::success ? 0U : 1U};
    };
    std::size_t properties =
        expiry_bytes + (reason_string.empty() ? 0 : 1 + 2 + reason_string.size());
    if (wire::packet_size(body_with(properties)) > room) {
        properties = expiry_bytes;
        reason_string = {};
    }
    const std::size_t body = body_with(properties);
    auto to = wire::begin_packet(out, packet_type::disconnect, 0, body);
    if (body > 0) {
        to.u8(static_cast<unsigned>(code));
    }
    if (properties > 0) {
        to.varint(properties);
    }
    if (session_expiry) {
        to.u8(static_cast<unsigned>(property_id::session_expiry_interval));
        to.u32(*session_expiry);
    }
    if (!reason_string.empty()) {
        to.u8(static_cast<unsigned>(property_id::reason_string));
        to.text(reason_string);
    }
}

}  // namespace evergrass::mqtt
