#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {
namespace {

api_error too_early(std::string message) {
    return {409, "InvalidStateTransitionException", std::move(message)};
}

}  // namespace

// At once: there is no DELETION_IN_PROGRESS.
api_result delete_job(const job_parts& in, const call& from) {
    const bool force = bool_member(from.input, "force").value_or(false);
    return in.service.perform([&](job_changes& changes) -> api_result {
        auto job = require_job(changes.state(), required_text(from, "jobId"));
        if (!job) {
            return job.error();
        }
        if (!force && job->status == job_in_progress) {
            return too_early("Job " + job->id +
                             " is IN_PROGRESS. Cancel it first, or delete it with force.");
        }
        if (!force && job->counts[jobs::status::in_progress] > 0) {
            return too_early("Job " + job->id +
                             " has executions that are IN_PROGRESS. Delete it with force.");
        }
        const auto done = changes.remove(*job);
        return done ? api_result(reply{}) : api_result(internal_error(done.error()));
    });
}

}  // namespace evergrass::cloud::iot
