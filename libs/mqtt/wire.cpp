#include "libs/mqtt/wire.hpp"

#include "libs/mqtt/text.hpp"

namespace evergrass::mqtt::wire {

bool refuse(breach& why, reason code, std::string_view what) {
    why = {code, {}, what};
    return false;
}

fault fault_of(packet_type type, const breach& why) {
    fault f{why.code, std::string(to_string(type))};
    if (!why.subject.empty()) {
        f.what.append(": ").append(why.subject);
    }
    f.what.append(" ").append(why.what);
    return f;
}

std::uint32_t reader::long_varint() {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < max_varint_bytes; ++i) {
        if (at_ == end_) {
            fail();
            return 0;
        }
        const std::uint32_t next = byte(at_++, 0);
        value |= (next & 0x7FU) << 7U * i;
        if (next == 0 && i > 0) {
            break;  // would have been shorter without [MQTT-1.5.5-1]
        }
        if (next < 0x80) {
            return value;
        }
    }
    bad_varint_ = true;
    fail();
    return 0;
}

std::string_view reader::flaw() const {
    return bad_varint_ ? "has a variable byte integer of more than four bytes, or of more than "
                         "it needs [MQTT-1.5.5-1]"
                       : "is cut short";
}

bool read_packet_id(reader& in, std::uint16_t& id, breach& why) {
    id = in.u16();
    if (id == 0) [[unlikely]] {
        return in.well(why) && refuse(why, reason::protocol_error,
                                      "has packet id 0 [MQTT-2.3.1-1, 5.0: MQTT-2.2.1-3]");
    }
    return true;
}

bool check_text(std::string_view text, std::string_view subject, breach& why) {
    const unsigned found = scan_text(text) & (has_nul | ill_formed);
    if (found != 0) [[unlikely]] {
        why = {reason::malformed_packet, subject,
               (found & ill_formed) != 0
                   ? "is not well-formed UTF-8 [MQTT-1.5.3-1, 5.0: MQTT-1.5.4-1]"
                   : "holds U+0000 [MQTT-1.5.3-2, 5.0: MQTT-1.5.4-2]"};
        return false;
    }
    return true;
}

}  // namespace evergrass::mqtt::wire
