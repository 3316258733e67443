#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

// Executions that are under way keep the timer with which they were begun.
api_result update_job(const job_parts& in, const call& from) {
    json::object changed;
    if (const auto description = string_member(from.input, "description")) {
        changed["description"] = *description;
    }
    for (const auto name : job_configs) {
        if (const auto* const config = object_member(from.input, name)) {
            changed[name] = *config;
        }
    }
    if (auto wrong = check_job_configs(changed)) {
        return *wrong;
    }
    return in.service.perform([&](job_changes& changes) -> api_result {
        auto job = require_job(changes.state(), required_text(from, "jobId"));
        if (!job) {
            return job.error();
        }
        if (job->status != job_in_progress) {
            return invalid_request("Job " + job->id + " is " + job->status +
                                   "; only a job that is IN_PROGRESS can be updated.");
        }
        for (const auto& [name, value] : changed) {
            job->definition[name] = value;
        }
        job->updated_at = changes.now();
        // A new rate holds from now on.
        const auto done = changes.roll_out(*job);
        return done ? api_result(reply{}) : api_result(internal_error(done.error()));
    });
}

}  // namespace evergrass::cloud::iot
