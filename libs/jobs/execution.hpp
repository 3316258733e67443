#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::jobs {

// Of a job execution (spec/cloud.md §5.2).
enum class status : std::uint8_t {
    queued,
    in_progress,
    succeeded,
    failed,
    timed_out,
    rejected,
    removed,
    canceled,
};
inline constexpr std::size_t status_count = 8;
inline constexpr std::array<status, status_count> all_statuses = {
    status::queued,    status::in_progress, status::succeeded, status::failed,
    status::timed_out, status::rejected,    status::removed,   status::canceled};

std::string_view to_string(status what);  // "QUEUED", "IN_PROGRESS" …
std::optional<status> parse_status(std::string_view text);
// Nothing comes after it.
bool is_terminal(status what);

// One job on one thing. Times are milliseconds since 1970.
struct execution {
    std::string job_id;
    std::string thing;
    std::int64_t number = 1;  // counts the executions of this job on this thing
    status state = status::queued;
    json::object details;  // texts by name
    std::int64_t version = 1;
    std::int64_t retry_attempt = 0;
    bool force_canceled = false;
    std::int64_t queued_at = 0;
    std::optional<std::int64_t> started_at;
    std::int64_t updated_at = 0;
    // When it times out: by the job's timeoutConfig, and by the step's timer that the device set.
    std::optional<std::int64_t> in_progress_until;
    std::optional<std::int64_t> step_until;

    // The earlier of the two.
    std::optional<std::int64_t> times_out_at() const;
};

// What a device asks for. Minutes of the step's timer: 1 to 10,080, or -1 to stop it.
struct update_request {
    status wanted = status::in_progress;
    std::optional<json::object> details;  // none: they stay as they are
    std::optional<std::int64_t> expected_version;
    std::optional<std::int64_t> number;
    std::optional<std::int64_t> step_timeout_minutes;
    bool include_state = false;
    bool include_document = false;
};

struct start_request {
    std::optional<json::object> details;
    std::optional<std::int64_t> step_timeout_minutes;
};

struct describe_request {
    std::optional<std::int64_t> number;
    bool include_document = true;
};

// The execution after the update, or why not: version_mismatch, invalid_state_transition.
// `minutes_in_progress` is the job's timeoutConfig.
result<execution> apply(const execution& before, const update_request& asked,
                        std::optional<std::int64_t> minutes_in_progress, std::int64_t now);

// QUEUED becomes IN_PROGRESS; one that is IN_PROGRESS stays as it is, and what was asked for is
// not looked at, as at AWS.
execution start(const execution& before, const start_request& asked,
                std::optional<std::int64_t> minutes_in_progress, std::int64_t now);

// Ends it from outside: canceled, timed out, removed. Not terminal before.
execution end(const execution& before, status how, std::int64_t now);

}  // namespace evergrass::jobs
