#pragma once

#include <chrono>

namespace evergrass::edge {

// `secrets`, Evergrass's own.
struct secrets_settings_of_file {
    // secrets.refreshSeconds: how often new values are asked for between deployments. Zero: never,
    // as V1.
    std::chrono::seconds refresh{0};
};

}  // namespace evergrass::edge
