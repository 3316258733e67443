#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// MQTT 3.1.1 and 5.0 as far as a load generator speaks it. Written for itself: the judge of a
// broker shares no codec with it.
namespace mqtt_load {

enum class protocol : std::uint8_t { v3_1_1 = 4, v5_0 = 5 };

enum class packet_type : std::uint8_t {
    connack = 2,
    publish = 3,
    puback = 4,
    suback = 9,
    pingresp = 13,
    disconnect = 14,
};

// One packet in somebody else's buffer.
struct packet {
    packet_type type{};
    std::uint8_t flags = 0;
    std::string_view body;       // after the fixed header
    std::size_t total_size = 0;  // with the fixed header
};

struct connack {
    std::uint8_t code = 0;
    // Of MQTT 5; 65535 when the server names none [MQTT5 3.2.2.3.3].
    std::uint16_t receive_maximum = 65535;
};

struct publish {
    std::string_view topic;
    std::string_view payload;
    std::uint8_t qos = 0;
    bool duplicate = false;
    std::uint16_t id = 0;  // of QoS 1
};

void append_connect(std::string& out, protocol version, std::string_view client_id);
void append_subscribe(std::string& out, protocol version, std::string_view filter,
                      std::uint8_t qos);
void append_puback(std::string& out, std::uint16_t id);
void append_pingreq(std::string& out);
void append_disconnect(std::string& out, protocol version);

// All of a PUBLISH before its payload. With QoS 1 the packet identifier is written as 0;
// `id_offset`, if given, is set to its place.
std::string publish_head(protocol version, std::string_view topic, std::uint8_t qos,
                         std::size_t payload_size, std::size_t* id_offset);

// Empty when `bytes` does not hold a whole packet yet. Throws std::runtime_error for what no server
// may send.
std::optional<packet> next_packet(std::string_view bytes);

// These throw std::runtime_error for a malformed body.
connack read_connack(const packet& p, protocol version);
std::uint8_t read_suback_code(const packet& p, protocol version);
publish read_publish(const packet& p, protocol version);
std::uint16_t read_puback(const packet& p, protocol version);

}  // namespace mqtt_load
