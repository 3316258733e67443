#include "libs/mqtt/wire.hpp"

#include <array>

namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_length_bytes = 4;  // [MQTT-2.2.3]

bool flags_exist(packet_type type, unsigned flags) {
    switch (type) {
        case packet_type::publish:
            return true;  // judged by decode_publish
        case packet_type::pubrel:
        case packet_type::subscribe:
        case packet_type::unsubscribe:
            return flags == 2;
        default:
            return flags == 0;
    }
}

}  // namespace

std::string_view to_string(packet_type type) {
    static constexpr std::array<std::string_view, 15> names{
        "",        "CONNECT",  "CONNACK",   "PUBLISH", "PUBACK",      "PUBREC",
        "PUBREL",  "PUBCOMP",  "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ", "PINGRESP", "DISCONNECT"};
    return names.at(static_cast<std::size_t>(type));
}

result<std::optional<frame>> next_frame(std::string_view received, std::size_t max_packet_bytes) {
    if (received.empty()) {
        return std::nullopt;
    }
    const auto first = static_cast<std::uint8_t>(received[0]);
    const unsigned type_number = first >> 4U;
    if (type_number == 0 || type_number == 15) {
        return error{errc::invalid_input,
                     "packet type " + std::to_string(type_number) + " does not exist [MQTT-2.2.1]"};
    }
    frame f{static_cast<packet_type>(type_number), static_cast<std::uint8_t>(first & 0x0FU), {}, 0};
    if (!flags_exist(f.type, f.flags)) {
        return wire::malformed(f, "has reserved flags set [MQTT-2.2.2-2]");
    }
    std::size_t length = 0;
    std::size_t at = 1;
    for (;; ++at) {
        if (at > max_length_bytes) {
            return wire::malformed(f, "has a length field of more than four bytes [MQTT-2.2.3]");
        }
        if (at == received.size()) {
            return std::nullopt;
        }
        const auto byte = static_cast<std::uint8_t>(received[at]);
        length |= static_cast<std::size_t>(byte & 0x7FU) << 7U * (at - 1);
        if ((byte & 0x80U) == 0) {
            break;
        }
    }
    f.size = at + 1 + length;
    if (f.size > max_packet_bytes) {
        return error{errc::too_large, std::string(to_string(f.type)) + " of " +
                                          std::to_string(f.size) + " bytes; " +
                                          std::to_string(max_packet_bytes) + " are possible"};
    }
    if (received.size() < f.size) {
        return std::nullopt;
    }
    f.body = received.substr(at + 1, length);
    return f;
}

result<std::uint16_t> decode_packet_id(const frame& f) {
    wire::reader in(f.body);
    const auto id = in.u16();
    if (auto done = wire::finish(f, in); !done) {
        return done.error();
    }
    return id;
}

result<void> decode_empty(const frame& f) {
    return wire::finish(f, wire::reader(f.body));
}

void encode_packet_id(std::string& out, packet_type type, std::uint16_t id) {
    wire::put_fixed_header(out, type, type == packet_type::pubrel ? 2 : 0, 2);
    wire::put_u16(out, id);
}

void encode_empty(std::string& out, packet_type type) {
    wire::put_fixed_header(out, type, 0, 0);
}

void wire::put_fixed_header(std::string& out, packet_type type, unsigned flags,
                            std::size_t body_bytes) {
    put_u8(out, static_cast<unsigned>(type) << 4U | flags);
    do {
        const auto low = static_cast<unsigned>(body_bytes & 0x7FU);
        body_bytes >>= 7U;
        put_u8(out, low | (body_bytes > 0 ? 0x80U : 0U));
    } while (body_bytes > 0);
}

}  // namespace evergrass::mqtt
