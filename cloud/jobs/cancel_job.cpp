#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

api_result cancel_job(const job_parts& in, const call& from) {
    return in.service.perform([&](job_changes& changes) -> api_result {
        auto job = require_job(changes.state(), required_text(from, "jobId"));
        if (!job) {
            return job.error();
        }
        if (job->status != job_in_progress) {
            return invalid_request("Job " + job->id + " is " + job->status +
                                   " already; it cannot be canceled.");
        }
        const auto done = changes.cancel(*job, bool_member(from.input, "force").value_or(false),
                                         string_member(from.input, "reasonCode"),
                                         string_member(from.input, "comment"));
        if (!done) {
            return internal_error(done.error());
        }
        return reply{job_names(in.in, *job)};
    });
}

}  // namespace evergrass::cloud::iot
