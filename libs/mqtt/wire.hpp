#pragma once

#include "libs/mqtt/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// The data representations of MQTT 1.5, for the codec's own files.
namespace evergrass::mqtt::wire {

inline constexpr std::size_t max_varint_bytes = 4;
inline constexpr std::uint32_t max_varint = 268'435'455;

// A rule that bytes break; the whole of a fault but for the packet's name. Views into literals.
struct breach {
    reason code = reason::malformed_packet;
    std::string_view subject;  // a field or property, if it is about one
    std::string_view what;     // "is cut short", "has QoS 3 [MQTT-3.3.1-4]"
};

// Says why, and is false, for `return refuse(why, …)`.
[[gnu::cold, gnu::noinline]] bool refuse(breach& why, reason code, std::string_view what);

[[gnu::cold, gnu::noinline]] fault fault_of(packet_type type, const breach& why);

// Reads a packet by `read(packet, why)`, which says false when a rule is broken. The packet is read
// where the caller wants it.
template <class Packet, class Read>
decoded<Packet> decode_by(packet_type type, Read read) {
    decoded<Packet> answer(boost::system::in_place_value);
    breach why;
    if (!read(*answer, why)) [[unlikely]] {
        answer = fault_of(type, why);
    }
    return answer;
}

inline std::uint16_t load_u16(const char* at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(at[0]) << 8U |
                                      static_cast<std::uint8_t>(at[1]));
}

// Reads fields in order. A field that is cut short reads as zero or empty, and failed() stays true
// from then on, so that a decoder checks once.
class reader {
public:
    explicit reader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    std::uint8_t u8() {
        const auto* bytes = take(1);
        return bytes == nullptr ? std::uint8_t{0} : byte(bytes, 0);
    }
    std::uint16_t u16() {
        const auto* bytes = take(2);
        return bytes == nullptr ? std::uint16_t{0}
                                : static_cast<std::uint16_t>(byte(bytes, 0) << 8U | byte(bytes, 1));
    }
    std::uint32_t u32() {
        const std::uint32_t high = u16();
        return high << 16U | u16();
    }
    std::uint32_t varint() {
        if (at_ < end_ && byte(at_, 0) < 0x80) [[likely]] {
            return byte(at_++, 0);
        }
        return long_varint();
    }
    std::string_view text() { return view(u16()); }           // length-prefixed; binary data too
    std::string_view properties() { return view(varint()); }  // the list without its length
    std::string_view rest() { return view(left()); }

    const char* position() const { return at_; }
    bool failed() const { return failed_; }
    bool at_end() const { return at_ == end_; }
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    // False, with the reason, when a field was cut short.
    bool well(breach& why) const {
        return !failed_ || refuse(why, reason::malformed_packet, flaw());
    }
    // That, and nothing may be left.
    bool finished(breach& why) const {
        return well(why) && (at_end() || refuse(why, reason::malformed_packet,
                                                "has bytes after its last field"));
    }

private:
    static std::uint8_t byte(const char* at, std::size_t index) {
        return static_cast<std::uint8_t>(at[index]);
    }
    const char* take(std::size_t count) {
        if (left() < count) [[unlikely]] {
            fail();
            return nullptr;
        }
        const char* const bytes = at_;
        at_ += count;
        return bytes;
    }
    std::string_view view(std::size_t count) {
        const char* const bytes = take(count);
        return bytes == nullptr ? std::string_view() : std::string_view(bytes, count);
    }
    void fail() {
        failed_ = true;
        at_ = end_;
    }
    std::uint32_t long_varint();
    std::string_view flaw() const;

    const char* at_;
    const char* end_;
    bool failed_ = false;
    bool bad_varint_ = false;
};

// The packet identifier, which is never 0.
bool read_packet_id(reader& in, std::uint16_t& id, breach& why);

// A string that is no topic: well-formed UTF-8 without U+0000.
bool check_text(std::string_view text, std::string_view subject, breach& why);
// As check_topic_name and check_topic_filter of types.hpp. False: `why` says so, without a subject.
bool topic_name_well(std::string_view topic, breach& why);
bool topic_filter_well(std::string_view filter, breach& why);
bool shared_filter_well(std::string_view filter, std::optional<shared_filter>& parts, breach& why);

constexpr std::size_t varint_size(std::size_t value) {
    return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

// Writes into room that was made before: the sizes of packets are known before they are written.
class writer {
public:
    explicit writer(char* room) : at_(room) {}
    // Makes room for `bytes` at the end of `out`. All of them have to be written.
    writer(std::string& out, std::size_t bytes) {
        const auto before = out.size();
        out.resize(before + bytes);
        at_ = out.data() + before;
    }

    void u8(unsigned value) { *at_++ = static_cast<char>(value); }
    void u16(unsigned value) {
        u8(value >> 8U);
        u8(value);
    }
    void u32(std::uint32_t value) {
        u16(value >> 16U);
        u16(value & 0xFFFFU);
    }
    void varint(std::size_t value) {
        while (value >= 128)
            [[unlikely]] {
                u8(static_cast<unsigned>(value & 0x7FU) | 0x80U);
                value >>= 7U;
            }
        u8(static_cast<unsigned>(value));
    }
    void bytes(std::string_view text) {
        if (!text.empty()) {
            std::memcpy(at_, text.data(), text.size());
        }
        at_ += text.size();
    }
    void text(std::string_view text) {
        u16(static_cast<unsigned>(text.size()));
        bytes(text);
    }
    void head(packet_type type, unsigned flags, std::size_t body_bytes) {
        u8(static_cast<unsigned>(type) << 4U | flags);
        varint(body_bytes);
    }

private:
    char* at_;
};

constexpr std::size_t packet_size(std::size_t body_bytes) {
    return 1 + varint_size(body_bytes) + body_bytes;
}

// A writer for a whole packet, its fixed header written.
inline writer begin_packet(std::string& out, packet_type type, unsigned flags,
                           std::size_t body_bytes) {
    writer to(out, packet_size(body_bytes));
    to.head(type, flags, body_bytes);
    return to;
}

}  // namespace evergrass::mqtt::wire
