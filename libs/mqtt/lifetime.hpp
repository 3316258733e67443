#pragma once

#include "libs/base/time.hpp"

#include <chrono>
#include <cstdint>

namespace evergrass::mqtt {

// `seconds` after `now`, or the last time that there is: clients name up to 136 years, and a clock
// may be wrong by as much.
inline wall_time after(wall_time now, std::uint32_t seconds) {
    const auto most = wall_time::max() - std::chrono::seconds(seconds);
    return now > most ? wall_time::max() : now + std::chrono::seconds(seconds);
}

}  // namespace evergrass::mqtt
