#pragma once

#include "apps/evergrass/ports.hpp"
#include "apps/evergrass/service_info.hpp"
#include "apps/evergrass/up_state.hpp"
#include "libs/base/json.hpp"

#include <filesystem>

namespace evergrass::cli {

struct core_places {
    host_port iot_mqtt;   // of the service
    host_port iot_https;  // discovery, deployments
    std::string address;  // where the core's MQTT server listens
    std::uint16_t core_mqtt = 0;
    std::uint16_t ipc = 0;
    std::filesystem::path root;  // the core's folder, V1's /greengrass
    std::filesystem::path ca_file;
    bool allow_root = false;  // allowFunctionsToRunAsRoot
};

// The core's config.json, in the form that AWS's console made for 1.11 (spec/core.md §3.2): the
// older paths and `crypto` side by side.
json::value core_config(const up_state& state, const core_places& places);

}  // namespace evergrass::cli
