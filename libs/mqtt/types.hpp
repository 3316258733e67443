#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

enum class qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

// CONNACK return codes of 3.1.1 (MQTT-3.2.2.3).
enum class connect_code : std::uint8_t {
    accepted = 0,
    unacceptable_protocol_version = 1,
    identifier_rejected = 2,
    server_unavailable = 3,
    bad_user_name_or_password = 4,
    not_authorized = 5,
};

struct will_message {
    std::string topic;
    std::string payload;
    qos level = qos::at_most_once;
    bool retain = false;
};

// What a CONNECT said.
struct connect_info {
    std::string client_id;  // never empty: the server gives one to a client that sent none
    bool clean_session = true;
    std::uint16_t keep_alive_seconds = 0;  // 0: none
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    std::optional<will_message> will;
};

// A PUBLISH as it arrived; views into the connection's buffer.
struct publish_view {
    std::string_view topic;
    std::string_view payload;
    qos level = qos::at_most_once;
    bool retain = false;
    bool duplicate = false;
};

enum class send_result {
    queued,
    queue_full,     // the receiver's bound of bytes is reached: nothing was taken
    not_connected,  // the connection is closing
};

// [MQTT-4.7]: not empty, no NUL, well-formed UTF-8, no wildcard in a name, wildcards in a filter
// only as whole levels and `#` last. Sizes are limits of the server, not checked here.
result<void> check_topic_name(std::string_view topic);
result<void> check_topic_filter(std::string_view filter);

// Does the name match the filter? `a/#` matches `a` (MQTT-4.7.1-2), and a leading wildcard does not
// match a name that starts with '$' (MQTT-4.7.2-1). Neither allocates nor recurses.
bool topic_matches(std::string_view filter, std::string_view topic);

}  // namespace evergrass::mqtt
