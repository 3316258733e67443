#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/json.hpp"
#include "libs/jobs/execution.hpp"
#include "libs/jobs/rollout.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Rows of jobs and their executions. The caller holds the store's lock. Times are milliseconds
// since 1970.
namespace evergrass::cloud {

// A job's status at the API.
inline constexpr std::string_view job_in_progress = "IN_PROGRESS";
inline constexpr std::string_view job_canceled = "CANCELED";
inline constexpr std::string_view job_completed = "COMPLETED";

struct job_record {
    std::int64_t sequence = 0;
    std::string id;
    json::object definition;  // the members of CreateJob but targets and document
    std::string document;
    std::string status{job_in_progress};
    std::optional<std::string> comment;
    std::optional<std::string> reason_code;
    bool force_canceled = false;
    std::int64_t created_at = 0;
    std::int64_t updated_at = 0;
    std::optional<std::int64_t> completed_at;
    jobs::tally counts;
    std::optional<std::int64_t> rollout_at;  // when the next things get it
    jobs::rollout_progress progress;         // but `succeeded`, which is in counts

    bool is_continuous() const;
    std::optional<std::int64_t> minutes_in_progress() const;  // timeoutConfig
};

result<std::optional<job_record>> find_job(store& state, std::string_view id);
result<std::optional<job_record>> find_job(store& state, std::int64_t sequence);
// Returns the row's sequence.
result<std::int64_t> insert_job(store& state, const job_record& job);
// All but id and document.
result<void> save_job(store& state, const job_record& job);

// ARNs, in the order in which they were named.
result<std::vector<std::string>> targets_of(store& state, std::int64_t job);

// The execution with that number, or the newest.
result<std::optional<jobs::execution>> find_execution(store& state, std::int64_t job,
                                                      std::string_view thing,
                                                      std::optional<std::int64_t> number);
result<void> save_execution(store& state, std::int64_t job, const jobs::execution& one);

// What the thing has to do: IN_PROGRESS first, then QUEUED, each oldest first.
result<std::vector<jobs::execution>> pending_executions(store& state, std::string_view thing);

// Executions of a job that have not ended; with `only`, of that status.
result<std::vector<jobs::execution>> open_executions(store& state, std::int64_t job,
                                                     std::optional<jobs::status> only);

// A row of a SELECT of execution_columns, in their order.
inline constexpr std::string_view execution_columns =
    "j.id, e.thing, e.number, e.status, e.details, e.version, e.retry_attempt, e.force_canceled,"
    " e.queued_at, e.started_at, e.updated_at, e.in_progress_until, e.step_until";
jobs::execution read_execution(const db::row& row, int first = 0);

}  // namespace evergrass::cloud
