#pragma once

#include "libs/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace evergrass::edge {

// One MQTT connection to the cloud, for those who ask how the link is.
struct connection_state {
    std::string client_id;
    std::string endpoint;        // HOST:PORT
    bool connected = false;      // else it is tried again and again
    wall_time since;             // so long it has been connected, or not
    std::size_t filters = 0;     // subscriptions that are wanted of it
    std::string last_error;      // why it was last lost or did not come about; empty: never
    std::uint64_t bytes_in = 0;  // of MQTT, since the start
    std::uint64_t bytes_out = 0;
};

}  // namespace evergrass::edge
