#include "cloud/jobs/job_answers.hpp"

namespace evergrass::cloud {
namespace {

// `$next`: without an execution where nothing is to be done.
result<device_job_answer> describe_next(job_changes& changes, const device_job_request& asked,
                                        bool with_document) {
    const auto pending = pending_executions(changes.state(), asked.thing);
    if (!pending) {
        return pending.error();
    }
    if (pending->empty()) {
        return device_job_answer();
    }
    const auto job = find_job(changes.state(), pending->front().job_id);
    if (!job) {
        return job.error();
    }
    return answer_with(changes, asked, **job, pending->front(), with_document);
}

}  // namespace

// Of a device; the API's DescribeJobExecution of "iot" shows those that have ended as well.
result<device_job_answer> describe_pending_job_execution(job_changes& changes,
                                                         const device_job_request& asked) {
    const auto wanted = jobs::read_describe(asked.body);
    if (!wanted) {
        return refused(wanted.error());
    }
    if (asked.job_id == jobs::next_job) {
        return describe_next(changes, asked, wanted->include_document);
    }
    const auto job = find_job(changes.state(), asked.job_id);
    if (!job) {
        return job.error();
    }
    if (!*job) {
        return no_such_execution(asked);
    }
    const auto one = find_execution(changes.state(), (*job)->sequence, asked.thing, wanted->number);
    if (!one) {
        return one.error();
    }
    if (!*one) {
        return no_such_execution(asked);
    }
    if (jobs::is_terminal((*one)->state)) {
        return refused({jobs::errc::terminal_state_reached,
                        "The job execution is " + std::string(jobs::to_string((*one)->state))});
    }
    return answer_with(changes, asked, **job, **one, wanted->include_document);
}

}  // namespace evergrass::cloud
