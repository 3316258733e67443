#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <string_view>

// What AWS IoT says of topics and payloads (spec/cloud.md §4.1), over MQTT and HTTPS alike.
namespace evergrass::cloud {

inline constexpr std::size_t max_payload_bytes = 128 * 1024;
inline constexpr std::size_t max_topic_bytes = 256;

// `$aws/…`: a service's own topics.
bool is_reserved(std::string_view topic);

// At most 7 slashes; three more for `$aws/things/NAME/`. Of topics and filters.
bool has_too_many_slashes(std::string_view topic);

// May anybody publish to this topic at all: well-formed, at most 256 bytes and 7 slashes, and no
// topic of the broker's own but `$aws/…`.
result<void> check_publishable(std::string_view topic);

}  // namespace evergrass::cloud
