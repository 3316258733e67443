#pragma once

#include "libs/base/time.hpp"
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
    // The certificate that devices are shown; nullopt: none, they are refused.
    struct local_tls {
        wall_time certificate_ends;
        std::optional<wall_time> core_signs_until;  // nullopt: the service signs
    };
    std::optional<local_tls> tls;
    // The link to the cloud, docs/link.md.
    struct connection {
        std::string client_id;
        std::string endpoint;
        bool connected = false;
        wall_time since;          // so long it has been connected, or not
        std::size_t filters = 0;  // subscriptions that are wanted of it
        std::string last_error;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
    };
    struct queue {
        std::string storage;
        std::uint64_t max_bytes = 0;
        std::size_t messages = 0;  // those in flight too
        std::uint64_t bytes = 0;
        std::size_t unsaved = 0;                          // in memory alone
        std::optional<std::int64_t> oldest_seconds = {};  // its age
        std::size_t in_flight = 0;
        std::size_t window = 0;
        std::uint64_t delivered = 0;  // this, overwritten and damaged since the start
        std::uint64_t overwritten = 0;
        std::uint64_t overwritten_ever = 0;  // spooler_numbers has what it means
        std::uint64_t damaged = 0;
        bool unknown_loss = false;
        std::optional<std::string> disk_error = {};
    };
    // The last deployment from this machine whose order had a token: the steps that it has begun.
    struct local_deployment {
        struct step {
            std::string text;
            std::int64_t us = 0;  // since it began
        };
        std::string token = {};
        std::vector<step> steps = {};
    };
    local_deployment deploying = {};
    bool cloud_connected = false;  // one of them at least
    std::vector<connection> connections;
    queue cloud_queue;
};

}  // namespace evergrass::edge
