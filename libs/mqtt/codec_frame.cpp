#include "libs/mqtt/wire.hpp"

#include <boost/throw_exception.hpp>

#include <array>
#include <stdexcept>

namespace evergrass::mqtt {
namespace {

constexpr std::size_t packet_types = 16;  // that four bits can say

// For each type the flags that it may have, as bits: bit 2 is set when flags of 0010 are allowed.
constexpr std::array<std::uint16_t, packet_types> make_allowed_flags() {
    std::array<std::uint16_t, packet_types> allowed{};
    for (std::size_t type = 1; type < packet_types; ++type) {
        allowed.at(type) = 1U << 0U;
    }
    allowed.at(static_cast<std::size_t>(packet_type::publish)) = 0xFFFF;  // decode_publish judges
    for (const auto type :
         {packet_type::pubrel, packet_type::subscribe, packet_type::unsubscribe}) {
        allowed.at(static_cast<std::size_t>(type)) = 1U << 2U;
    }
    return allowed;
}
constexpr auto allowed_flags = make_allowed_flags();

using next = decoded<std::optional<frame>>;

// Apart, so that next_frame has nothing to tidy up.
[[gnu::cold, gnu::noinline]] void refuse_first_byte(next& answer, unsigned type, unsigned flags) {
    answer = fault{reason::malformed_packet,
                   type == 0 ? "packet type 0 does not exist [MQTT-2.2.1, MQTT5 2.1.2]"
                             : std::string(to_string(static_cast<packet_type>(type))) +
                                   " has the flags " + std::to_string(flags) +
                                   " [MQTT-2.2.2-2, 5.0: MQTT-2.1.3-1]"};
}

[[gnu::cold, gnu::noinline]] void refuse_length(next& answer, packet_type type) {
    answer = fault{reason::malformed_packet,
                   std::string(to_string(type)) +
                       " has a length of more than four bytes [MQTT-2.2.3, MQTT5 1.5.5]"};
}

[[gnu::cold, gnu::noinline]] void refuse_size(next& answer, packet_type type, std::size_t size,
                                              std::size_t most) {
    answer = fault{reason::packet_too_large, std::string(to_string(type)) + " of " +
                                                 std::to_string(size) + " bytes; " +
                                                 std::to_string(most) + " are possible"};
}

// The remaining length, and how many bytes of the packet come before what it counts.
struct remaining_length {
    std::size_t value = 0;
    std::size_t head = 0;  // 0: not all of it has come
    bool malformed = false;
};

[[gnu::noinline]] remaining_length long_length(std::string_view received) {
    remaining_length length;
    for (std::size_t i = 0; i < wire::max_varint_bytes; ++i) {
        if (i + 1 >= received.size()) {
            return length;
        }
        const auto byte = static_cast<std::uint8_t>(received[i + 1]);
        length.value |= static_cast<std::size_t>(byte & 0x7FU) << 7U * i;
        // A longer form than the number needs is not forbidden in 3.1.1.
        if (byte < 0x80) {
            length.head = i + 2;
            return length;
        }
    }
    length.malformed = true;
    return length;
}

inline remaining_length read_length(std::string_view received) {
    if (received.size() > 1) [[likely]] {
        const auto byte = static_cast<std::uint8_t>(received[1]);
        if (byte < 0x80) {
            return {byte, 2, false};
        }
        // Most messages with a payload of more than a few words.
        if (received.size() > 2 && static_cast<std::uint8_t>(received[2]) < 0x80) {
            const auto second = static_cast<std::uint8_t>(received[2]);
            return {(byte & 0x7FU) | std::size_t{second} << 7U, 3, false};
        }
    }
    return long_length(received);
}

}  // namespace

void throw_exception_from_error(const fault& f, const boost::source_location& where) {
    boost::throw_exception(std::runtime_error(f.what), where);
}

std::string_view to_string(packet_type type) {
    static constexpr std::array<std::string_view, packet_types> names{
        "",        "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
        "PUBREL",  "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
    return names.at(static_cast<std::size_t>(type));
}

decoded<std::optional<frame>> next_frame(std::string_view received, std::size_t max_packet_bytes) {
    decoded<std::optional<frame>> answer;  // more is needed
    if (received.empty()) {
        return answer;
    }
    const auto first = static_cast<std::uint8_t>(received[0]);
    const unsigned type_number = first >> 4U;
    const unsigned flags = first & 0x0FU;
    if ((allowed_flags[type_number] >> flags & 1U) == 0) [[unlikely]] {
        refuse_first_byte(answer, type_number, flags);
        return answer;
    }
    const auto type = static_cast<packet_type>(type_number);
    const auto length = read_length(received);
    if (length.head == 0) [[unlikely]] {
        if (length.malformed) {
            refuse_length(answer, type);
        }
        return answer;
    }
    const std::size_t size = length.head + length.value;
    if (size > max_packet_bytes) [[unlikely]] {
        refuse_size(answer, type, size, max_packet_bytes);
    } else if (size <= received.size()) {
        answer->emplace(frame{type, static_cast<std::uint8_t>(flags),
                              std::string_view(received.data() + length.head, length.value), size});
    }
    return answer;
}

std::optional<std::size_t> announced_size(std::string_view received) {
    const auto length = read_length(received);
    if (length.head == 0) {
        return std::nullopt;
    }
    return length.head + length.value;
}

decoded<void> decode_empty(const frame& f) {
    if (!f.body.empty()) {
        return wire::fault_of(
            f.type,
            {reason::malformed_packet, {}, "has a body [MQTT-3.12.1, MQTT-3.13.1, MQTT-3.14.1]"});
    }
    return {};
}

void encode_empty(std::string& out, packet_type type) {
    wire::begin_packet(out, type, 0, 0);
}

}  // namespace evergrass::mqtt
