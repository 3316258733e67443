#pragma once

#include "libs/base/json.hpp"
#include "libs/jobs/execution.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

// How fast a job reaches its things, and when it gives up: pure, by the members of CreateJob.
namespace evergrass::jobs {

// How many of a job's executions are in each state, by each thing's newest execution.
struct tally {
    std::array<std::int64_t, status_count> by_status{};

    std::int64_t operator[](status which) const {
        return by_status[static_cast<std::size_t>(which)];
    }
    std::int64_t& operator[](status which) { return by_status[static_cast<std::size_t>(which)]; }
};

// jobExecutionsRolloutConfig.
struct rollout_config {
    struct exponential {
        std::int64_t base_per_minute = 1;
        double increment_factor = 2;
        // One of the two.
        std::optional<std::int64_t> per_notified;
        std::optional<std::int64_t> per_succeeded;
    };
    std::optional<std::int64_t> maximum_per_minute;
    std::optional<exponential> rate;
};

// The members of the model, checked: the error names the member.
result<rollout_config> read_rollout_config(const json::object& config);

// Where a job's rollout is. Minutes are counted from its first thing on.
struct rollout_progress {
    std::int64_t minute_began = 0;  // milliseconds since 1970; 0: nothing was rolled out yet
    std::int64_t in_minute = 0;     // things since then
    std::int64_t notified = 0;      // things in all
    std::int64_t succeeded = 0;
};

// Things a minute; nullopt: as many as there are.
std::optional<std::int64_t> rate_per_minute(const rollout_config& config,
                                            const rollout_progress& progress);

struct rollout_step {
    std::int64_t allowed = 0;           // things now, at most `wanted`
    std::optional<std::int64_t> again;  // when to look again, where that is not all
    rollout_progress after;             // once `allowed` things are rolled out
};
// `wanted` things wait for their turn.
rollout_step next_step(const rollout_config& config, const rollout_progress& progress,
                       std::int64_t wanted, std::int64_t now);

// abortConfig: one criterion.
struct abort_criterion {
    std::optional<status> failure;  // none: ALL, which is failed, rejected and timed out
    double threshold_percentage = 100;
    std::int64_t least_executed = 1;
};
result<std::vector<abort_criterion>> read_abort_config(const json::object& config);

// Enough executions have ended, and enough of these badly.
bool is_tripped(const abort_criterion& criterion, const tally& counts);

// jobExecutionsRetryConfig: how often an execution that ended so is tried again, at most 10 times.
struct retry_criterion {
    std::optional<status> failure;  // FAILED, TIMED_OUT; none: both
    std::int64_t retries = 0;
};
result<std::vector<retry_criterion>> read_retry_config(const json::object& config);
bool is_retried(const std::vector<retry_criterion>& criteria, const execution& ended);

}  // namespace evergrass::jobs
