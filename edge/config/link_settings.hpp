#pragma once

#include <chrono>
#include <cstddef>

namespace evergrass::edge {

// cloudLink of config.json, Evergrass's own.
struct link_settings_of_file {
    // Of one MQTT connection to the cloud; more go to further connections. AWS IoT Core takes 50
    // (spec/core.md §10), Evergrass's service 10,000.
    std::size_t subscriptions_per_connection = 10'000;
    // How often to look whether certificate, key or CA changed on disk.
    std::chrono::seconds identity_check{10};
};

}  // namespace evergrass::edge
