#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/reason.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

enum class protocol_version : std::uint8_t { v3_1_1 = 4, v5 = 5 };

enum class qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

// How a subscription wants retained messages (MQTT5 3.8.3.1). 3.1.1 always has send_at_subscribe.
enum class retain_handling : std::uint8_t {
    send_at_subscribe = 0,
    send_if_new = 1,
    do_not_send = 2
};

struct subscription_options {
    qos level = qos::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    retain_handling retained = retain_handling::send_at_subscribe;

    bool operator==(const subscription_options&) const = default;
};

// A PUBLISH as it arrived, or as it is handed to whoever receives; views into somebody's buffer.
struct publish_view {
    std::string_view topic;  // never empty once the session has resolved a topic alias
    std::string_view payload;
    qos level = qos::at_most_once;
    bool retain = false;
    bool duplicate = false;
    // MQTT 5; empty with 3.1.1. All properties of the packet, well-formed, as on the wire but
    // without their length in front. property_reader walks them.
    std::string_view properties;
    std::optional<std::uint32_t> message_expiry;  // seconds; also in `properties`
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

// `$share/NAME/FILTER` (MQTT5 4.8.2) in its parts; nullopt for a filter that does not begin with
// "$share/". Errors: an empty name, a wildcard in it, no filter after it.
struct shared_filter {
    std::string_view share_name;
    std::string_view filter;
};
result<std::optional<shared_filter>> parse_shared_filter(std::string_view filter);

}  // namespace evergrass::mqtt
