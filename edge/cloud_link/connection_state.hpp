#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace evergrass::edge {

// One MQTT connection to the cloud, for people.
struct connection_state {
    std::string client_id;
    std::string state;        // "connected", or "connecting": tried again and again
    std::int64_t since = 0;   // that state; seconds since 1970
    std::size_t filters = 0;  // subscriptions that are wanted of it
    std::string last_error;   // why it was last lost or did not come about; empty: never
};

}  // namespace evergrass::edge
