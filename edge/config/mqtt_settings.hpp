#pragma once

#include "libs/mqtt/server_options.hpp"
#include "libs/rt/server_tls.hpp"

#include <cstddef>
#include <string>

namespace evergrass::edge {

// The local MQTT server, as config.json has it (docs/configuration.md, "The local MQTT server").
struct mqtt_settings {
    mqtt::server_options limits = v1_limits();
    std::size_t message_bytes = 128 * 1024;  // of a payload (spec/core.md §26)
    std::size_t threads = 0;                 // mqtt::server_settings::shards
    rt::tls_version oldest_tls = rt::tls_version::tls_1_2;
    std::string cipher_suites;  // OpenSSL's names, ':' between; empty: V1's (spec/core.md §11)

    static mqtt::server_options v1_limits() {
        mqtt::server_options limits;
        limits.max_connections = 2'500;  // V1.11's devices in a group (spec/core.md §26)
        return limits;
    }
};

}  // namespace evergrass::edge
