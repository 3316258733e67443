#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

api_result associate_targets_with_job(const job_parts& in, const call& from) {
    const auto targets = job_targets(from);
    if (auto wrong = check_job_targets(in.in, targets)) {
        return *wrong;
    }
    return in.service.perform([&](job_changes& changes) -> api_result {
        auto job = require_job(changes.state(), required_text(from, "jobId"));
        if (!job) {
            return job.error();
        }
        if (!job->is_continuous() || job->status != job_in_progress) {
            return invalid_request("Only a continuous job that is IN_PROGRESS takes more targets.");
        }
        const auto before = targets_of(changes.state(), job->sequence);
        if (!before) {
            return internal_error(before.error());
        }
        constexpr std::size_t most_targets = 100;
        if (before->size() + targets.size() > most_targets) {
            return api_error{410, "LimitExceededException", "A job may have 100 targets."};
        }
        job->comment = string_member(from.input, "comment");
        const auto done = changes.add_targets(*job, targets);
        if (!done) {
            return internal_error(done.error());
        }
        return reply{job_names(in.in, *job)};
    });
}

}  // namespace evergrass::cloud::iot
