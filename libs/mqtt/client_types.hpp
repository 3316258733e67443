#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/client_message.hpp"
#include "libs/mqtt/reason.hpp"
#include "libs/mqtt/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a client is told and what it tells. 5.0 marks what 3.1.1 cannot say: asking for it there is
// an error, unless the comment says that it is left out.
namespace evergrass::mqtt {

struct publish_options {
    qos level = qos::at_most_once;
    bool retain = false;
    message_properties properties{};  // 5.0
};

struct subscribe_options {
    subscription_options options{};  // 5.0, but for the level
    std::uint32_t id = 0;            // 5.0: comes with each message; 1 to 268,435,455, 0: none
};

// REQUIRES: what client::publish() would take. Its properties and delay are of 5.0, and left out in
// 3.1.1.
struct client_will {
    std::string topic;
    std::string payload;
    publish_options options{};
    std::uint32_t delay_seconds = 0;
};

struct client_session_options {
    protocol_version version = protocol_version::v3_1_1;
    std::string client_id;  // empty: the server assigns one (3.1.1: with a clean start only)
    // True: the server forgets what it has of this client; 3.1.1's clean session, at each
    // connection, 5.0's clean start, at the first one. False: goes on with a session of an earlier
    // process too, as if that had left nothing half sent.
    bool clean_start = true;
    // 5.0, left out in 3.1.1: seconds for which the server keeps the session between two
    // connections; 0xFFFFFFFF: for ever.
    std::uint32_t session_expiry = 0;
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    std::optional<client_will> will;
    // V1's default (spec/core.md §3.1), at most 65535 s; 0: no pings. 5.0: the server may set
    // another.
    std::chrono::seconds keep_alive{600};
    // For each answer of the server, from the moment that the request has left; V1's
    // mqttOperationTimeout.
    std::chrono::milliseconds operation_timeout{5'000};
    std::size_t max_packet_bytes = 128 * 1024 + 1024;  // in both directions; 5.0 servers are told
    // Unacknowledged QoS 1 and 2 messages; more wait. At least 1. Mosquitto 2 cuts off a client of
    // 3.1.1, which it cannot tell its limit, beyond 20 of QoS 2; 5.0 servers say theirs.
    std::size_t max_inflight = 20;
    std::size_t max_queued_bytes = 2'621'440;   // waiting and unacknowledged: topics and payloads
    std::size_t max_queued_messages = 100'000;  // the same, counted
    // 5.0, left out in 3.1.1:
    // QoS 2 that the server may have under way; at least 1. What goes beyond ends the connection,
    // so that a lower one asks for a server that counts over lost connections too.
    std::uint16_t receive_maximum = 65'535;
    std::uint16_t topic_alias_maximum = 16;    // that the server may give
    std::uint16_t max_own_topic_aliases = 16;  // that we give, if the server allows as many
    bool request_response_information = false;
    std::vector<std::pair<std::string, std::string>> user_properties;  // of CONNECT
    // The first packet identifier of ours, so that a new process does not meet those that an
    // earlier one left in a session that the server kept.
    std::uint16_t first_packet_id = 1;
};

// The server has taken a message.
struct acknowledgement {
    reason code = reason::success;  // or no_matching_subscribers
    std::string reason_string;      // 5.0
};

using granted_callback = std::function<void(result<qos>)>;
using unsubscribed_callback = std::function<void(result<void>)>;
using published_callback = std::function<void(result<acknowledgement>)>;

// What the server said when it accepted the connection. In 3.1.1 what that implies.
struct connection_info {
    bool session_present = false;
    std::string client_id;  // ours, or the one that the server assigned
    std::chrono::seconds keep_alive{0};
    std::uint32_t session_expiry = 0;  // seconds
    std::uint16_t receive_maximum = 65'535;
    qos maximum_qos = qos::exactly_once;
    bool retain_available = true;
    std::optional<std::uint32_t> maximum_packet_size;
    std::uint16_t topic_alias_maximum = 0;
    bool wildcard_subscription_available = true;
    bool subscription_identifiers_available = true;
    bool shared_subscription_available = true;
    std::string response_information;
    std::string reason_string;
};

}  // namespace evergrass::mqtt
