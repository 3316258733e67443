#pragma once

#include "edge/router/table.hpp"

#include <string>
#include <string_view>

// What the MQTT server calls the source of a message (mqtt::stored_message::source), which it
// keeps, on the disk too: a device is its client id; the others are "function/ARN",
// "connector/ARN", "cloud/" and "shadow/". No thing's name has a '/' in it.
namespace evergrass::edge {

std::string source_name(const endpoint& source);
// The reverse. What no source_name() begins with is a device's.
endpoint source_end(std::string_view name);
endpoint_kind source_kind(std::string_view name);

}  // namespace evergrass::edge
