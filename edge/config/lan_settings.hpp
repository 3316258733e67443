#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace evergrass::edge {

// lanDiscovery of config.json, Evergrass's own; off where it is missing.
struct lan_settings_of_file {
    std::uint16_t port = 8885;             // 0 lets the system pick
    std::string address;                   // empty: where the local MQTT server listens
    std::filesystem::path avahi_services;  // empty: nothing is announced
};

}  // namespace evergrass::edge
