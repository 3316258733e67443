#pragma once

#include "libs/base/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace evergrass {

// The time so many seconds after 1970, or the nearest from 1970 to the end of 2261: wall_time
// counts nanoseconds in 64 bits, and certificates say 9999 where they never end (RFC 5280
// §4.1.2.5). Differences of two such times fit a duration.
inline wall_time nearest_wall_time(std::int64_t seconds) {
    constexpr std::int64_t latest = 9'214'646'399;  // 2261-12-31T23:59:59Z
    return wall_time(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, latest)));
}

}  // namespace evergrass
