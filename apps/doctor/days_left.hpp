#pragma once

#include "libs/base/time.hpp"

#include <string>

namespace evergrass::doctor {

// A certificate that ends within this is told before it does.
inline constexpr std::chrono::hours soon{24 * 30};

// "12 days left", "3 hours left"; of an end that has come: "over".
inline std::string days_text(wall_time now, wall_time end) {
    if (end <= now) {
        return "over";
    }
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(end - now).count();
    return hours >= 48 ? std::to_string(hours / 24) + " days left"
                       : std::to_string(hours) + " hours left";
}

}  // namespace evergrass::doctor
