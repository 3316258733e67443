#pragma once

#include "libs/base/errors.hpp"
#include "libs/base/result.hpp"
#include "libs/mqtt/codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// The data representations of MQTT-1.5, for the codec's own files.
namespace evergrass::mqtt::wire {

// Reads fields in order. A field that is cut short reads as zero or empty, and failed() stays true
// from then on, so that a decoder checks once.
class reader {
public:
    explicit reader(std::string_view bytes) : rest_(bytes) {}

    std::uint8_t u8() {
        const auto bytes = take(1);
        return bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
    }
    std::uint16_t u16() {
        const auto bytes = take(2);
        return bytes.empty()
                   ? 0
                   : static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[0]) << 8U |
                                                static_cast<std::uint8_t>(bytes[1]));
    }
    std::string_view text() { return take(u16()); }  // length-prefixed
    std::string_view rest() { return take(rest_.size()); }

    bool failed() const { return failed_; }
    bool at_end() const { return rest_.empty(); }

private:
    std::string_view take(std::size_t count) {
        if (failed_ || rest_.size() < count) {
            failed_ = true;
            return {};
        }
        const auto bytes = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return bytes;
    }

    std::string_view rest_;
    bool failed_ = false;
};

inline void put_u8(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value));
}

inline void put_u16(std::string& out, unsigned value) {
    put_u8(out, value >> 8U);
    put_u8(out, value & 0xFFU);
}

inline void put_text(std::string& out, std::string_view text) {
    put_u16(out, static_cast<unsigned>(text.size()));
    out += text;
}

void put_fixed_header(std::string& out, packet_type type, unsigned flags, std::size_t body_bytes);

inline error malformed(const frame& f, std::string_view why) {
    return {errc::invalid_input, std::string(to_string(f.type)) + " " + std::string(why)};
}

// The error of a reader that has failed or has bytes left, or nothing.
inline result<void> finish(const frame& f, const reader& in) {
    if (in.failed()) {
        return malformed(f, "is cut short");
    }
    if (!in.at_end()) {
        return malformed(f, "has bytes after its last field");
    }
    return {};
}

}  // namespace evergrass::mqtt::wire
