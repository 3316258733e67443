#pragma once

#include "libs/mqtt/server.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// What the running core knows of itself at one moment, besides what its router counts.
struct core_snapshot {
    struct device {
        std::string thing;
        bool connected = false;
    };
    struct function {
        std::string arn;
        std::string state;  // as V1's health API names it (spec/core.md §6)
        int workers = 0;
        std::uint64_t invocations = 0;
        std::uint64_t errors = 0;
        std::uint64_t restarts = 0;
        std::size_t queued = 0;
        std::optional<std::int64_t> p50_us = {};  // of its invocations; none: there were none
        std::optional<std::int64_t> p99_us = {};
        std::uint64_t memory_kb = 0;
    };

    std::string thing;
    std::int64_t pid = 0;
    std::int64_t started_at = 0;  // seconds since 1970
    std::string deployment_id;    // empty: nothing is deployed
    std::string group_name;
    std::uint64_t deployments_applied = 0;  // since the start, the boot's one too
    std::uint64_t deployments_failed = 0;
    std::vector<device> devices;  // of the group
    mqtt::server::statistics mqtt;
    std::vector<function> functions;
    std::size_t shadows_synced = 0;   // with the cloud
    std::size_t shadows_settled = 0;  // of those, the same on both sides as far as is known
    std::size_t shadows_stuck = 0;    // of those, different until one side changes
    bool cloud_connected = false;
    std::size_t cloud_queue_messages = 0;
    std::size_t cloud_queue_bytes = 0;
};

}  // namespace evergrass::edge
