#include "cloud/jobs/job_answers.hpp"

namespace evergrass::cloud {

// The first one that is IN_PROGRESS as it is, else the oldest QUEUED one, which is begun.
result<device_job_answer> start_next_pending_job_execution(job_changes& changes,
                                                           const device_job_request& asked) {
    const auto wanted = jobs::read_start(asked.body);
    if (!wanted) {
        return refused(wanted.error());
    }
    const auto pending = pending_executions(changes.state(), asked.thing);
    if (!pending) {
        return pending.error();
    }
    if (pending->empty()) {
        return device_job_answer();
    }
    const auto& next = pending->front();
    auto job = find_job(changes.state(), next.job_id);
    if (!job) {
        return job.error();
    }
    const auto begun = jobs::start(next, *wanted, (*job)->minutes_in_progress(), changes.now());
    if (next.state == jobs::status::queued) {
        if (auto changed = changes.change(**job, next, begun); !changed) {
            return changed.error();
        }
    }
    return answer_with(changes, asked, **job, begun, true);
}

}  // namespace evergrass::cloud
