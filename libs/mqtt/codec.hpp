#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/property.hpp"
#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// MQTT control packets of 3.1.1 and 5.0 as structs, and as bytes. Decoded packets hold views into
// the bytes they came from. Every decoder takes any bytes whatever and answers with a packet or a
// fault; a packet with bytes left over is a fault too. Nothing here allocates but for the vectors
// of SUBSCRIBE, UNSUBSCRIBE and faults.
namespace evergrass::mqtt {

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
    auth,  // 5.0 only
};
std::string_view to_string(packet_type type);  // "CONNECT" …

// Why bytes are no packet. `code` is what a 5.0 server says in DISCONNECT or CONNACK:
// malformed_packet, protocol_error, packet_too_large, topic_name_invalid …; `what` names the
// packet, the rule that was broken and its number, for the log: "PUBLISH has QoS 3 [MQTT-3.3.1-4]".
struct fault {
    reason code = reason::malformed_packet;
    std::string what;
};
template <class T>
using decoded = boost::system::result<T, fault>;
[[noreturn]] void throw_exception_from_error(const fault& f, const boost::source_location& where);

// A packet's fixed header and the bytes after it.
struct frame {
    packet_type type;
    std::uint8_t flags;
    std::string_view body;
    std::size_t size;  // with the fixed header
};

// Who sent what is decoded: a few things only the one or the other may say.
enum class sender { client, server };

// The first packet in `received`; nullopt when more bytes are needed to tell. Faults: a type or
// flags that don't exist, a malformed length, or a packet that will be over `max_packet_bytes`
// (packet_too_large), which is said as soon as its length is known.
decoded<std::optional<frame>> next_frame(std::string_view received, std::size_t max_packet_bytes);

// How many bytes the packet at the start of `received` will have in all; nullopt when its length
// has not come yet or is malformed. For those who make room.
std::optional<std::size_t> announced_size(std::string_view received);

struct will_view {
    std::string_view topic;
    std::string_view payload;
    qos level = qos::at_most_once;
    bool retain = false;
    std::uint32_t delay_seconds = 0;  // 5.0
    std::optional<std::uint32_t> message_expiry;
    // As publish_view::properties, with the delay; forwarded_properties() leaves it out.
    std::string_view properties;
};

struct connect_packet {
    // 4 or 5; another level is no fault, and the rest is read only for 4 and 5, since others may
    // lay it out in another way.
    std::uint8_t protocol_level = 4;
    bool clean_start = true;  // 3.1.1: clean session
    std::uint16_t keep_alive_seconds = 0;
    std::string_view client_id;
    std::optional<will_view> will;
    std::optional<std::string_view> user_name;
    std::optional<std::string_view> password;
    // 5.0. With 3.1.1: 0xFFFFFFFF without and 0 with clean session, so that the session's life is
    // said in one way.
    std::uint32_t session_expiry = 0;  // seconds; 0xFFFFFFFF: never
    std::uint16_t receive_maximum = 65'535;
    std::optional<std::uint32_t> maximum_packet_size;
    std::uint16_t topic_alias_maximum = 0;
    bool request_response_information = false;
    bool request_problem_information = true;
    std::optional<std::string_view> authentication_method;
    // All of them, as on the wire. encode_connect takes from here, and from the will's, only what
    // has no member of its own: user properties, authentication data, and what is passed on of a
    // will.
    std::string_view properties;

    protocol_version version() const {
        return protocol_level == 5 ? protocol_version::v5 : protocol_version::v3_1_1;
    }
};

struct connack_packet {
    bool session_present = false;
    reason code = reason::success;
    // 5.0; what is not set is not sent, or was not there. (3.1.1's codes 1 to 5 are read as the
    // reasons that mean the same.)
    std::optional<std::uint32_t> session_expiry;
    std::uint16_t receive_maximum = 65'535;
    qos maximum_qos = qos::exactly_once;
    bool retain_available = true;
    std::optional<std::uint32_t> maximum_packet_size;
    std::string_view assigned_client_id;  // empty: none
    std::uint16_t topic_alias_maximum = 0;
    std::string_view reason_string;
    bool wildcard_subscription_available = true;
    bool subscription_identifiers_available = true;
    bool shared_subscription_available = true;
    std::optional<std::uint16_t> server_keep_alive;
    std::string_view response_information;
};

struct publish_packet {
    publish_view message;           // the topic may be empty with an alias
    std::uint16_t id = 0;           // 0 with QoS 0
    std::uint16_t topic_alias = 0;  // 0: none
};

struct subscribe_packet {
    struct request {
        std::string_view filter;  // with "$share/NAME/" where that was sent
        subscription_options options;
    };
    std::uint16_t id = 0;
    std::vector<request> requests;      // never empty
    std::uint32_t subscription_id = 0;  // 0: none
};

struct suback_packet {
    std::uint16_t id = 0;
    std::string_view codes;  // one byte each, never empty; in 3.1.1 0, 1, 2 or 0x80
    std::string_view reason_string;
};

struct unsubscribe_packet {
    std::uint16_t id = 0;
    std::vector<std::string_view> filters;  // never empty
};

struct unsuback_packet {
    std::uint16_t id = 0;
    std::string_view codes;  // 5.0: one byte each, never empty; 3.1.1: empty
    std::string_view reason_string;
};

// PUBACK, PUBREC, PUBREL, PUBCOMP.
struct ack_packet {
    std::uint16_t id = 0;
    reason code = reason::success;
    std::string_view reason_string;
};

struct disconnect_packet {
    reason code = reason::success;
    std::optional<std::uint32_t> session_expiry;
    std::string_view reason_string;
};

struct auth_packet {
    reason code = reason::success;
};

// Faults of topics in PUBLISH and filters in SUBSCRIBE are found here too; limits of a server
// (sizes, levels) are not.
decoded<connect_packet> decode_connect(const frame& f);
// The protocol level alone of a CONNECT, for whoever has to answer one that is a fault; nullopt
// when even that cannot be read.
std::optional<std::uint8_t> connect_level(const frame& f);
decoded<connack_packet> decode_connack(const frame& f, protocol_version version);
decoded<publish_packet> decode_publish(const frame& f, protocol_version version,
                                       sender from = sender::client);
decoded<ack_packet> decode_ack(const frame& f, protocol_version version);
decoded<subscribe_packet> decode_subscribe(const frame& f, protocol_version version);
decoded<suback_packet> decode_suback(const frame& f, protocol_version version);
decoded<unsubscribe_packet> decode_unsubscribe(const frame& f, protocol_version version);
decoded<unsuback_packet> decode_unsuback(const frame& f, protocol_version version);
decoded<disconnect_packet> decode_disconnect(const frame& f, protocol_version version,
                                             sender from = sender::client);
decoded<auth_packet> decode_auth(const frame& f, protocol_version version);
// PINGREQ and PINGRESP.
decoded<void> decode_empty(const frame& f);

// Encoders append. REQUIRES: texts of at most 65535 bytes, packets below 256 MiB. In 3.1.1 what it
// has no place for is left out, and reasons become its own codes; a CONNACK that refuses for what
// has no code there is not written at all [MQTT-3.2.2-6]. A reason string is left out when `room`
// (the receiver's Maximum Packet Size) would be passed [MQTT-3.4.2-2].
void encode_connect(std::string& out, const connect_packet& p);
void encode_connack(std::string& out, protocol_version version, const connack_packet& p);
void encode_ack(std::string& out, protocol_version version, packet_type type, std::uint16_t id,
                reason code = reason::success, std::string_view reason_string = {},
                std::size_t room = SIZE_MAX);
void encode_subscribe(std::string& out, protocol_version version, const subscribe_packet& p);
void encode_suback(std::string& out, protocol_version version, std::uint16_t id,
                   std::string_view codes);
void encode_unsubscribe(std::string& out, protocol_version version, std::uint16_t id,
                        std::string_view filter);
void encode_unsuback(std::string& out, protocol_version version, std::uint16_t id,
                     std::string_view codes);
// In 3.1.1, where only clients say goodbye: the empty packet for success, nothing for other codes.
void encode_disconnect(std::string& out, protocol_version version, reason code,
                       std::string_view reason_string = {},
                       std::optional<std::uint32_t> session_expiry = {},
                       std::size_t room = SIZE_MAX);
void encode_empty(std::string& out, packet_type type);  // PINGREQ, PINGRESP, 3.1.1's DISCONNECT

// A PUBLISH but for its payload, which the caller sends after it.
struct publish_head {
    std::string_view topic;  // may be empty with an alias
    std::size_t payload_bytes = 0;
    qos level = qos::at_most_once;
    bool retain = false;
    bool duplicate = false;
    std::uint16_t id = 0;
    // 5.0:
    std::uint16_t topic_alias = 0;                // 0: none
    std::optional<std::uint32_t> message_expiry;  // seconds that are left
    // Properties that are passed on, as forwarded_properties() gives them.
    std::string_view forwarded;
    const std::vector<std::uint32_t>* subscription_ids = nullptr;
};
// False: with its payload the packet would be larger than `max_packet_bytes`; nothing is written.
bool encode_publish_head(std::string& out, protocol_version version, const publish_head& head,
                         std::size_t max_packet_bytes = SIZE_MAX);
// What encode_publish_head and the payload will take together.
std::size_t publish_size(protocol_version version, const publish_head& head);

}  // namespace evergrass::mqtt
