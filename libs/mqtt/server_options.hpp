#pragma once

#include <chrono>
#include <cstddef>

namespace evergrass::mqtt {

struct server_options {
    std::size_t max_packet_bytes = 128 * 1024 + 1024;  // V1: 128 KB a message (spec/core.md §26)
    std::size_t max_topic_bytes = 256;
    std::size_t max_topic_levels = 128;
    std::size_t max_queued_bytes = 4 * 1024 * 1024;  // to one client, unsent or unacknowledged
    std::size_t max_connections = 10'000;
    std::chrono::milliseconds connect_timeout{10'000};  // from TLS to CONNECT
};

}  // namespace evergrass::mqtt
