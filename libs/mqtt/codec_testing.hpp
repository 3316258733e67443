#pragma once

#include "libs/mqtt/codec.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Packets and faults for the codec's tests.
namespace evergrass::mqtt::testing {

using namespace std::string_literals;
using namespace std::string_view_literals;

inline constexpr std::size_t no_limit = 1U << 28U;
inline constexpr auto v3 = protocol_version::v3_1_1;
inline constexpr auto v5 = protocol_version::v5;

inline frame frame_of(std::string_view bytes) {
    const auto next = next_frame(bytes, no_limit);
    EXPECT_TRUE(next && *next);
    EXPECT_EQ((*next)->size, bytes.size());
    return **next;
}

// A packet of at most 127 bytes of body.
inline std::string packet(unsigned first, std::string_view body) {
    EXPECT_LT(body.size(), 128U);
    return std::string{static_cast<char>(first), static_cast<char>(body.size())}.append(body);
}

// "" for a packet that is decoded, else "REASON: what". By the packet's type.
inline std::string flaw_of(std::string_view bytes, protocol_version version,
                           sender from = sender::client) {
    const auto f = frame_of(bytes);
    const auto text = [](const auto& decoded) {
        return decoded ? std::string()
                       : std::string(to_string(decoded.error().code)) + ": " + decoded.error().what;
    };
    switch (f.type) {
        case packet_type::connect:
            return text(decode_connect(f));
        case packet_type::connack:
            return text(decode_connack(f, version));
        case packet_type::publish:
            return text(decode_publish(f, version, from));
        case packet_type::puback:
        case packet_type::pubrec:
        case packet_type::pubrel:
        case packet_type::pubcomp:
            return text(decode_ack(f, version));
        case packet_type::subscribe:
            return text(decode_subscribe(f, version));
        case packet_type::suback:
            return text(decode_suback(f, version));
        case packet_type::unsubscribe:
            return text(decode_unsubscribe(f, version));
        case packet_type::unsuback:
            return text(decode_unsuback(f, version));
        case packet_type::disconnect:
            return text(decode_disconnect(f, version, from));
        case packet_type::auth:
            return text(decode_auth(f, version));
        case packet_type::pingreq:
        case packet_type::pingresp:
            return text(decode_empty(f));
    }
    return "no type";
}

struct sample {
    std::string name;
    protocol_version version;
    std::string bytes;
    // How much of the end is a payload or a list, which may be shorter.
    std::size_t tail = 0;
    sender from = sender::client;
};

// One well-formed packet of each type, and the fullest.
std::vector<sample> samples();

}  // namespace evergrass::mqtt::testing
