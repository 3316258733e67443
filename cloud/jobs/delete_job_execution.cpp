#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

api_result delete_job_execution(const job_parts& in, const call& from) {
    const bool force = bool_member(from.input, "force").value_or(false);
    return in.service.perform([&](job_changes& changes) -> api_result {
        auto found = require_execution(changes.state(), from);
        if (!found) {
            return found.error();
        }
        const auto& one = found->execution;
        if (!jobs::is_terminal(one.state) && !force) {
            return api_error{409, "InvalidStateTransitionException",
                             "The job execution is " + std::string(jobs::to_string(one.state)) +
                                 ". Cancel it first, or delete it with force."};
        }
        const auto done = changes.remove_execution(found->job, one);
        return done ? api_result(reply{}) : api_result(internal_error(done.error()));
    });
}

}  // namespace evergrass::cloud::iot
