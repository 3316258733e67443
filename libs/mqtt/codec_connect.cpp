#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

constexpr std::string_view protocol_name = "MQTT";
constexpr std::string_view protocol_name_of_3_1 = "MQIsdp";
constexpr std::uint8_t level_of_3_1 = 3;
constexpr std::uint32_t never_expires = 0xFFFF'FFFF;

// The bits of the connect flags (MQTT-3.1.2.3).
constexpr unsigned reserved_flag = 0x01;
constexpr unsigned clean_start_flag = 0x02;
constexpr unsigned will_flag = 0x04;
constexpr unsigned will_qos_shift = 3;
constexpr unsigned will_retain_flag = 0x20;
constexpr unsigned password_flag = 0x40;
constexpr unsigned user_name_flag = 0x80;

constexpr wire::property_rules connect_properties{
    wire::set_of(property_id::session_expiry_interval, property_id::receive_maximum,
                 property_id::maximum_packet_size, property_id::topic_alias_maximum,
                 property_id::request_response_information,
                 property_id::request_problem_information, property_id::user_property,
                 property_id::authentication_method, property_id::authentication_data)};
constexpr wire::property_rules will_properties{wire::set_of(
    property_id::will_delay_interval, property_id::payload_format_indicator,
    property_id::message_expiry_interval, property_id::content_type, property_id::response_topic,
    property_id::correlation_data, property_id::user_property)};

// Others may lay out the rest in another way.
bool level_is_known(std::uint8_t level) {
    return level == static_cast<std::uint8_t>(protocol_version::v3_1_1) ||
           level == static_cast<std::uint8_t>(protocol_version::v5);
}

// The name and the level. 3.1 had a name of its own, and is a level that others may answer.
bool read_level(wire::reader& in, std::uint8_t& level, breach& why) {
    const auto name = in.text();
    level = in.u8();
    if (!in.well(why)) {
        return false;
    }
    if (name == protocol_name_of_3_1) {
        level = level_of_3_1;
        return true;
    }
    return name == protocol_name || refuse(why, reason::unsupported_protocol_version,
                                           "is not of the protocol 'MQTT' [MQTT-3.1.2-1]");
}

bool check_flags(unsigned flags, protocol_version version, breach& why) {
    const unsigned will_qos = flags >> will_qos_shift & 3U;
    if ((flags & reserved_flag) != 0) {
        return refuse(why, reason::malformed_packet, "has its reserved flag set [MQTT-3.1.2-3]");
    }
    if ((flags & will_flag) == 0 && (will_qos != 0 || (flags & will_retain_flag) != 0)) {
        return refuse(why, reason::malformed_packet,
                      "describes a will but has none [MQTT-3.1.2-11, MQTT-3.1.2-13]");
    }
    if (will_qos == 3) {
        return refuse(why, reason::malformed_packet,
                      "wants its will sent with QoS 3 [MQTT-3.1.2-14, 5.0: MQTT-3.1.2-12]");
    }
    if (version == protocol_version::v3_1_1 && (flags & user_name_flag) == 0 &&
        (flags & password_flag) != 0) {
        return refuse(why, reason::malformed_packet,
                      "has a password but no user name [MQTT-3.1.2-22]");
    }
    return true;
}

bool read_connect_properties(connect_packet& p, breach& why) {
    bool has_authentication_data = false;
    const auto take = [&](const property& each) {
        switch (each.id) {
            case property_id::session_expiry_interval:
                p.session_expiry = each.number;
                break;
            case property_id::receive_maximum:
                p.receive_maximum = static_cast<std::uint16_t>(each.number);
                break;
            case property_id::maximum_packet_size:
                p.maximum_packet_size = each.number;
                break;
            case property_id::topic_alias_maximum:
                p.topic_alias_maximum = static_cast<std::uint16_t>(each.number);
                break;
            case property_id::request_response_information:
                p.request_response_information = each.number != 0;
                break;
            case property_id::request_problem_information:
                p.request_problem_information = each.number != 0;
                break;
            case property_id::authentication_method:
                p.authentication_method = each.text;
                break;
            case property_id::authentication_data:
                has_authentication_data = true;
                break;
            default:
                break;
        }
    };
    if (!wire::read_properties(p.properties, connect_properties, why, take)) {
        return false;
    }
    return !has_authentication_data || p.authentication_method ||
           refuse(why, reason::protocol_error,
                  "has authentication data but names no method [MQTT5 3.1.2.11.10]");
}

bool read_will_properties(std::string_view list, will_view& will, breach& why) {
    will.properties = list;
    return wire::read_properties(list, will_properties, why, [&](const property& each) {
        if (each.id == property_id::will_delay_interval) {
            will.delay_seconds = each.number;
        } else if (each.id == property_id::message_expiry_interval) {
            will.message_expiry = each.number;
        }
    });
}

bool read_will(wire::reader& in, unsigned flags, connect_packet& p, breach& why) {
    auto& will = p.will.emplace();
    will.level = static_cast<qos>(flags >> will_qos_shift & 3U);
    will.retain = (flags & will_retain_flag) != 0;
    if (p.version() == protocol_version::v5) {
        const auto list = in.properties();
        if (!in.well(why) || !read_will_properties(list, will, why)) {
            return false;
        }
    }
    will.topic = in.text();
    will.payload = in.text();
    if (!in.well(why)) {
        return false;
    }
    if (!wire::topic_name_well(will.topic, why)) {
        why.subject = "the will topic";
        return false;
    }
    return true;
}

// The fields behind the fixed ones, in the order of [MQTT-3.1.3-1].
bool read_payload(wire::reader& in, unsigned flags, connect_packet& p, breach& why) {
    p.client_id = in.text();
    if (!in.well(why) || !wire::check_text(p.client_id, "the client id", why)) {
        return false;
    }
    if ((flags & will_flag) != 0 && !read_will(in, flags, p, why)) {
        return false;
    }
    if ((flags & user_name_flag) != 0) {
        p.user_name = in.text();
    }
    if ((flags & password_flag) != 0) {
        p.password = in.text();
    }
    return in.finished(why) &&
           wire::check_text(p.user_name.value_or(std::string_view()), "the user name", why);
}

bool read_connect(const frame& f, connect_packet& p, breach& why) {
    wire::reader in(f.body);
    if (!read_level(in, p.protocol_level, why)) {
        return false;
    }
    if (!level_is_known(p.protocol_level)) {
        return true;
    }
    const unsigned flags = in.u8();
    p.keep_alive_seconds = in.u16();
    p.clean_start = (flags & clean_start_flag) != 0;
    if (!in.well(why) || !check_flags(flags, p.version(), why)) {
        return false;
    }
    if (p.version() == protocol_version::v5) {
        p.properties = in.properties();
        if (!in.well(why) || !read_connect_properties(p, why)) {
            return false;
        }
    } else {
        p.session_expiry = p.clean_start ? 0 : never_expires;
    }
    return read_payload(in, flags, p, why);
}

// What of a list has no member of its own, in order.
void put_others(std::string& out, std::string_view list, wire::property_set members) {
    property_reader in(list);
    while (const auto p = in.next()) {
        if ((wire::one_of(p->id) & members) == 0) {
            out += p->raw;
        }
    }
}

std::string properties_of(const connect_packet& p) {
    std::string list;
    if (p.session_expiry != 0) {
        put_property(list, property_id::session_expiry_interval, p.session_expiry);
    }
    if (p.receive_maximum != 65'535) {
        put_property(list, property_id::receive_maximum, p.receive_maximum);
    }
    if (p.maximum_packet_size) {
        put_property(list, property_id::maximum_packet_size, *p.maximum_packet_size);
    }
    if (p.topic_alias_maximum != 0) {
        put_property(list, property_id::topic_alias_maximum, p.topic_alias_maximum);
    }
    if (p.request_response_information) {
        put_property(list, property_id::request_response_information, 1);
    }
    if (!p.request_problem_information) {
        put_property(list, property_id::request_problem_information, 0);
    }
    if (p.authentication_method) {
        put_property(list, property_id::authentication_method, *p.authentication_method);
    }
    put_others(list, p.properties,
               connect_properties.allowed &
                   ~wire::set_of(property_id::user_property, property_id::authentication_data));
    return list;
}

std::string properties_of(const will_view& will) {
    std::string list;
    if (will.delay_seconds != 0) {
        put_property(list, property_id::will_delay_interval, will.delay_seconds);
    }
    if (will.message_expiry) {
        put_property(list, property_id::message_expiry_interval, *will.message_expiry);
    }
    put_others(
        list, will.properties,
        wire::set_of(property_id::will_delay_interval, property_id::message_expiry_interval));
    return list;
}

void put_text(std::string& out, std::string_view text) {
    wire::writer(out, 2 + text.size()).text(text);
}

void put_properties(std::string& out, std::string_view list) {
    wire::writer to(out, wire::varint_size(list.size()) + list.size());
    to.varint(list.size());
    to.bytes(list);
}

unsigned flags_of(const connect_packet& p) {
    unsigned flags = p.clean_start ? clean_start_flag : 0;
    if (p.will) {
        flags |= will_flag | static_cast<unsigned>(p.will->level) << will_qos_shift |
                 (p.will->retain ? will_retain_flag : 0);
    }
    flags |= p.user_name ? user_name_flag : 0;
    flags |= p.password ? password_flag : 0;
    return flags;
}

// All that follows the keep alive.
std::string variable_part_of(const connect_packet& p) {
    const bool v5 = p.version() == protocol_version::v5;
    std::string out;
    if (v5) {
        put_properties(out, properties_of(p));
    }
    put_text(out, p.client_id);
    if (p.will) {
        if (v5) {
            put_properties(out, properties_of(*p.will));
        }
        put_text(out, p.will->topic);
        put_text(out, p.will->payload);
    }
    if (p.user_name) {
        put_text(out, *p.user_name);
    }
    if (p.password) {
        put_text(out, *p.password);
    }
    return out;
}

}  // namespace

decoded<connect_packet> decode_connect(const frame& f) {
    return wire::decode_by<connect_packet>(
        f.type, [&](connect_packet& p, breach& why) { return read_connect(f, p, why); });
}

std::optional<std::uint8_t> connect_level(const frame& f) {
    wire::reader in(f.body);
    std::uint8_t level = 0;
    breach why;
    if (!read_level(in, level, why)) {
        return std::nullopt;
    }
    return level;
}

void encode_connect(std::string& out, const connect_packet& p) {
    const auto variable = variable_part_of(p);
    auto to = wire::begin_packet(out, packet_type::connect, 0,
                                 2 + protocol_name.size() + 1 + 1 + 2 + variable.size());
    to.text(protocol_name);
    to.u8(p.protocol_level);
    to.u8(flags_of(p));
    to.u16(p.keep_alive_seconds);
    to.bytes(variable);
}

}  // namespace evergrass::mqtt
