#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/reason_set.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

// Of PUBACK and PUBREC (MQTT5 3.4.2.1, 3.5.2.1), and of PUBREL and PUBCOMP (3.6.2.1, 3.7.2.1).
constexpr wire::reason_set received_reasons{reason::success,
                                            reason::no_matching_subscribers,
                                            reason::unspecified_error,
                                            reason::implementation_specific_error,
                                            reason::not_authorized,
                                            reason::topic_name_invalid,
                                            reason::quota_exceeded,
                                            reason::packet_identifier_in_use,
                                            reason::payload_format_invalid};
constexpr wire::reason_set released_reasons{reason::success, reason::packet_identifier_not_found};

// What 5.0 may have after the packet id.
bool read_outcome(packet_type type, wire::reader& in, ack_packet& p, breach& why) {
    const unsigned code = in.u8();
    const bool received = type == packet_type::puback || type == packet_type::pubrec;
    if (!(received ? received_reasons : released_reasons).has(code)) {
        return refuse(why, reason::protocol_error,
                      "has a reason code that it may not have [MQTT-3.4.2-1, MQTT-3.5.2-1, "
                      "MQTT-3.6.2-1, MQTT-3.7.2-1]");
    }
    p.code = static_cast<reason>(code);
    if (in.at_end()) {
        return true;  // no length of properties either (MQTT5 3.4.2.2.1)
    }
    const auto list = in.properties();
    return in.finished(why) && wire::read_reason_string(list, p.reason_string, why);
}

bool read_ack(const frame& f, protocol_version version, ack_packet& p, breach& why) {
    wire::reader in(f.body);
    if (!wire::read_packet_id(in, p.id, why)) {
        return false;
    }
    if (in.at_end()) {
        return true;
    }
    return version == protocol_version::v5 ? read_outcome(f.type, in, p, why) : in.finished(why);
}

[[gnu::noinline]] void look_closer(const frame& f, protocol_version version,
                                   decoded<ack_packet>& answer) {
    breach why;
    if (!read_ack(f, version, *answer, why)) {
        answer = wire::fault_of(f.type, why);
    }
}

// Two bytes of packet id and what is left of it in 3.1.1.
inline void encode_short(std::string& out, packet_type type, std::uint16_t id) {
    const unsigned first =
        static_cast<unsigned>(type) << 4U | (type == packet_type::pubrel ? 2U : 0U);
    const char bytes[]{static_cast<char>(first), 2, static_cast<char>(id >> 8U),
                       static_cast<char>(id)};
    out.append(bytes, sizeof bytes);
}

[[gnu::noinline]] void encode_with_reason(std::string& out, packet_type type, std::uint16_t id,
                                          reason code, std::string_view reason_string,
                                          std::size_t room) {
    const std::size_t properties = 1 + 2 + reason_string.size();
    std::size_t body = 2 + 1 + wire::varint_size(properties) + properties;
    const bool explained = !reason_string.empty() && wire::packet_size(body) <= room;
    if (!explained) {
        body = 2 + 1;
    }
    auto to = wire::begin_packet(out, type, type == packet_type::pubrel ? 2 : 0, body);
    to.u16(id);
    to.u8(static_cast<unsigned>(code));
    if (explained) {
        to.varint(properties);
        to.u8(static_cast<unsigned>(property_id::reason_string));
        to.text(reason_string);
    }
}

}  // namespace

decoded<ack_packet> decode_ack(const frame& f, protocol_version version) {
    decoded<ack_packet> answer(boost::system::in_place_value);
    const auto id = f.body.size() == 2 ? wire::load_u16(f.body.data()) : std::uint16_t{0};
    if (id != 0) [[likely]] {
        answer->id = id;
    } else {
        look_closer(f, version, answer);
    }
    return answer;
}

void encode_ack(std::string& out, protocol_version version, packet_type type, std::uint16_t id,
                reason code, std::string_view reason_string, std::size_t room) {
    if (version != protocol_version::v5 || (code == reason::success && reason_string.empty())) {
        encode_short(out, type, id);
    } else {
        encode_with_reason(out, type, id, code, reason_string, room);
    }
}

}  // namespace evergrass::mqtt
