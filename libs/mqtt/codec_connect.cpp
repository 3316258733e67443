#include "libs/base/encoding.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

constexpr std::string_view protocol_name = "MQTT";
constexpr std::string_view protocol_name_of_3_1 = "MQIsdp";

// The bits of the connect flags [MQTT-3.1.2.3].
constexpr unsigned reserved_flag = 0x01;
constexpr unsigned clean_session_flag = 0x02;
constexpr unsigned will_flag = 0x04;
constexpr unsigned will_qos_shift = 3;
constexpr unsigned will_retain_flag = 0x20;
constexpr unsigned password_flag = 0x40;
constexpr unsigned user_name_flag = 0x80;

bool is_text(std::string_view text) {
    return is_utf8(text) && text.find('\0') == std::string_view::npos;
}

result<void> check_flags(const frame& f, unsigned flags) {
    const unsigned will_qos = flags >> will_qos_shift & 3U;
    if ((flags & reserved_flag) != 0) {
        return wire::malformed(f, "has its reserved flag set [MQTT-3.1.2-3]");
    }
    if ((flags & will_flag) == 0 && (will_qos != 0 || (flags & will_retain_flag) != 0)) {
        return wire::malformed(f, "describes a will but has none [MQTT-3.1.2-11]");
    }
    if (will_qos == 3) {
        return wire::malformed(f, "wants its will sent with QoS 3 [MQTT-3.1.2-14]");
    }
    if ((flags & user_name_flag) == 0 && (flags & password_flag) != 0) {
        return wire::malformed(f, "has a password but no user name [MQTT-3.1.2-22]");
    }
    return {};
}

// The texts behind the fixed fields, in the order of [MQTT-3.1.3-1].
void read_payload(wire::reader& in, unsigned flags, connect_packet& p) {
    p.client_id = in.text();
    if ((flags & will_flag) != 0) {
        auto& will = p.will.emplace();
        will.topic = in.text();
        will.payload = in.text();
        will.level = static_cast<qos>(flags >> will_qos_shift & 3U);
        will.retain = (flags & will_retain_flag) != 0;
    }
    if ((flags & user_name_flag) != 0) {
        p.user_name = in.text();
    }
    if ((flags & password_flag) != 0) {
        p.password = in.text();
    }
}

result<void> check_payload(const frame& f, const connect_packet& p) {
    if (!is_text(p.client_id)) {
        return wire::malformed(f, "has a client id that is not UTF-8 text [MQTT-3.1.3-4]");
    }
    if (p.user_name && !is_text(*p.user_name)) {
        return wire::malformed(f, "has a user name that is not UTF-8 text [MQTT-3.1.3-11]");
    }
    if (p.will) {
        if (auto checked = check_topic_name(p.will->topic); !checked) {
            return with_context(checked.error(), "CONNECT has an impossible will");
        }
    }
    return {};
}

}  // namespace

result<connect_packet> decode_connect(const frame& f) {
    wire::reader in(f.body);
    connect_packet p;
    const auto name = in.text();
    p.protocol_level = in.u8();
    if (in.failed()) {
        return wire::malformed(f, "is cut short");
    }
    if (name == protocol_name_of_3_1) {
        p.protocol_level = 3;
        return p;
    }
    if (name != protocol_name) {
        return wire::malformed(f, "is not of the protocol 'MQTT' [MQTT-3.1.2-1]");
    }
    if (p.protocol_level != static_cast<std::uint8_t>(protocol_version::v3_1_1)) {
        return p;
    }
    const unsigned flags = in.u8();
    p.clean_session = (flags & clean_session_flag) != 0;
    p.keep_alive_seconds = in.u16();
    if (auto checked = check_flags(f, flags); !checked) {
        return checked.error();
    }
    read_payload(in, flags, p);
    if (auto done = wire::finish(f, in); !done) {
        return done.error();
    }
    if (auto checked = check_payload(f, p); !checked) {
        return checked.error();
    }
    return p;
}

void encode_connect(std::string& out, const connect_packet& p) {
    unsigned flags = p.clean_session ? clean_session_flag : 0;
    std::string payload;
    wire::put_text(payload, p.client_id);
    if (p.will) {
        flags |= will_flag | static_cast<unsigned>(p.will->level) << will_qos_shift |
                 (p.will->retain ? will_retain_flag : 0);
        wire::put_text(payload, p.will->topic);
        wire::put_text(payload, p.will->payload);
    }
    if (p.user_name) {
        flags |= user_name_flag;
        wire::put_text(payload, *p.user_name);
    }
    if (p.password) {
        flags |= password_flag;
        wire::put_text(payload, *p.password);
    }
    wire::put_fixed_header(out, packet_type::connect, 0,
                           2 + protocol_name.size() + 1 + 1 + 2 + payload.size());
    wire::put_text(out, protocol_name);
    wire::put_u8(out, p.protocol_level);
    wire::put_u8(out, flags);
    wire::put_u16(out, p.keep_alive_seconds);
    out += payload;
}

result<connack_packet> decode_connack(const frame& f) {
    wire::reader in(f.body);
    const auto flags = in.u8();
    const auto code = in.u8();
    if (auto done = wire::finish(f, in); !done) {
        return done.error();
    }
    if (flags > 1) {
        return wire::malformed(f, "has reserved flags set [MQTT-3.2.2.1]");
    }
    if (flags == 1 && code != 0) {
        return wire::malformed(f, "refuses but says that a session is present [MQTT-3.2.2-4]");
    }
    return connack_packet{flags == 1, code};
}

void encode_connack(std::string& out, protocol_version version, const connack_packet& p) {
    const bool has_properties = version == protocol_version::v5;
    wire::put_fixed_header(out, packet_type::connack, 0, has_properties ? 3 : 2);
    wire::put_u8(out, p.session_present ? 1 : 0);
    wire::put_u8(out, p.code);
    if (has_properties) {
        wire::put_u8(out, 0);
    }
}

}  // namespace evergrass::mqtt
