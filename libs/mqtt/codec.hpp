#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// MQTT control packets as structs, and as bytes. Decoded packets hold views into the bytes they
// came from. Every decoder takes any bytes whatever and answers with a packet or an error whose
// context names the rule that was broken; a packet with bytes left over is an error too.
namespace evergrass::mqtt {

enum class protocol_version : std::uint8_t { v3_1_1 = 4, v5 = 5 };

enum class packet_type : std::uint8_t {
    connect = 1,
    connack,
    publish,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    subscribe,
    suback,
    unsubscribe,
    unsuback,
    pingreq,
    pingresp,
    disconnect,
};
std::string_view to_string(packet_type type);  // "CONNECT" …

// A packet's fixed header and the bytes after it.
struct frame {
    packet_type type;
    std::uint8_t flags;
    std::string_view body;
    std::size_t size;  // with the fixed header
};

// The first packet in `received`; nullopt when more bytes are needed to tell. Errors: a type or
// flags that don't exist, a malformed length, or a packet that will be over `max_packet_bytes`,
// which is said as soon as its length is known.
result<std::optional<frame>> next_frame(std::string_view received, std::size_t max_packet_bytes);

struct will_view {
    std::string_view topic;
    std::string_view payload;
    qos level = qos::at_most_once;
    bool retain = false;
};

struct connect_packet {
    std::uint8_t protocol_level = 4;
    // The rest is read only when the level is 3.1.1's: others may lay it out in another way.
    bool clean_session = true;
    std::uint16_t keep_alive_seconds = 0;
    std::string_view client_id;
    std::optional<will_view> will;
    std::optional<std::string_view> user_name;
    std::optional<std::string_view> password;
};

struct connack_packet {
    bool session_present = false;
    std::uint8_t code = 0;  // connect_code, or what a server made up
};

struct publish_packet {
    publish_view message;
    std::uint16_t id = 0;  // 0 with QoS 0
};

struct subscribe_packet {
    struct request {
        std::string_view filter;
        qos wanted = qos::at_most_once;
    };
    std::uint16_t id = 0;
    std::vector<request> requests;  // never empty
};

constexpr std::uint8_t suback_failure = 0x80;

struct suback_packet {
    std::uint16_t id = 0;
    std::string_view codes;  // one byte each, never empty: 0, 1, 2 or suback_failure
};

struct unsubscribe_packet {
    std::uint16_t id = 0;
    std::vector<std::string_view> filters;  // never empty
};

result<connect_packet> decode_connect(const frame& f);
result<connack_packet> decode_connack(const frame& f);
result<publish_packet> decode_publish(const frame& f);
result<subscribe_packet> decode_subscribe(const frame& f);
result<suback_packet> decode_suback(const frame& f);
result<unsubscribe_packet> decode_unsubscribe(const frame& f);
// PUBACK, PUBREC, PUBREL, PUBCOMP and UNSUBACK: a packet id and nothing else.
result<std::uint16_t> decode_packet_id(const frame& f);
// PINGREQ, PINGRESP and DISCONNECT.
result<void> decode_empty(const frame& f);

// Encoders append. REQUIRES: texts of at most 65535 bytes, packets below 256 MiB.
void encode_connect(std::string& out, const connect_packet& p);
// In the layout of the client's version; for 5.0 with no properties.
void encode_connack(std::string& out, protocol_version version, const connack_packet& p);
// All of a PUBLISH but its payload, which the caller sends after it.
void encode_publish_head(std::string& out, std::string_view topic, std::size_t payload_bytes,
                         qos level, bool retain, bool duplicate, std::uint16_t id);
void encode_subscribe(std::string& out, std::uint16_t id, std::string_view filter, qos wanted);
void encode_suback(std::string& out, std::uint16_t id, std::string_view codes);
void encode_unsubscribe(std::string& out, std::uint16_t id, std::string_view filter);
void encode_packet_id(std::string& out, packet_type type, std::uint16_t id);
void encode_empty(std::string& out, packet_type type);

// What encode_publish_head and the payload will take.
std::size_t publish_size(std::size_t topic_bytes, std::size_t payload_bytes, qos level);

// CONNACK reason "unsupported protocol version" of 5.0.
constexpr std::uint8_t v5_unsupported_protocol_version = 0x84;

}  // namespace evergrass::mqtt
