#include "cloud/jobs/job_answers.hpp"

namespace evergrass::cloud {

result<device_job_answer> update_job_execution(job_changes& changes,
                                               const device_job_request& asked) {
    const auto wanted = jobs::read_update(asked.body);
    if (!wanted) {
        return refused(wanted.error());
    }
    auto job = find_job(changes.state(), asked.job_id);
    if (!job) {
        return job.error();
    }
    if (!*job) {
        return no_such_execution(asked);
    }
    const auto before =
        find_execution(changes.state(), (*job)->sequence, asked.thing, wanted->number);
    if (!before) {
        return before.error();
    }
    if (!*before) {
        return no_such_execution(asked);
    }
    const auto after = jobs::apply(**before, *wanted, (*job)->minutes_in_progress(), changes.now());
    if (!after) {
        return refused(after.error(), **before);
    }
    device_job_answer answer;
    if (wanted->include_document) {
        auto described = answer_with(changes, asked, **job, *after, true);
        if (!described || described->refused) {
            return described;
        }
        answer.body["jobDocument"] = described->body.at("execution").at("jobDocument");
    }
    if (wanted->include_state) {
        answer.body["executionState"] = jobs::state_of(*after);
    }
    if (auto changed = changes.change(**job, **before, *after); !changed) {
        return changed.error();
    }
    return answer;
}

}  // namespace evergrass::cloud
