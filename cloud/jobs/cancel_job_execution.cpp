#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"
#include "libs/jobs/requests.hpp"

namespace evergrass::cloud::iot {
namespace {

std::optional<api_error> why_not(const jobs::execution& one, const call& from) {
    const auto expected = int_member(from.input, "expectedVersion");
    if (expected && *expected != one.version) {
        return api_error{409, "VersionConflictException",
                         "The job execution has version " + std::to_string(one.version) + ", not " +
                             std::to_string(*expected) + "."};
    }
    const bool force = bool_member(from.input, "force").value_or(false);
    if (jobs::is_terminal(one.state) || (one.state == jobs::status::in_progress && !force)) {
        return api_error{409, "InvalidStateTransitionException",
                         "The job execution is " + std::string(jobs::to_string(one.state)) +
                             (jobs::is_terminal(one.state) ? "; it cannot be canceled."
                                                           : ". Cancel it with force.")};
    }
    return std::nullopt;
}

}  // namespace

api_result cancel_job_execution(const job_parts& in, const call& from) {
    const auto* const details = object_member(from.input, "statusDetails");
    if (details != nullptr) {
        if (auto checked = jobs::check_details(*details); !checked) {
            return invalid_request(checked.error().context + ".");
        }
    }
    return in.service.perform([&](job_changes& changes) -> api_result {
        auto found = require_execution(changes.state(), from);
        if (!found) {
            return found.error();
        }
        const auto& before = found->execution;
        if (auto refused = why_not(before, from)) {
            return *refused;
        }
        auto after = jobs::end(before, jobs::status::canceled, changes.now());
        after.force_canceled = before.state == jobs::status::in_progress;
        if (details != nullptr) {
            after.details = *details;
        }
        const auto done = changes.change(found->job, before, after);
        return done ? api_result(reply{}) : api_result(internal_error(done.error()));
    });
}

}  // namespace evergrass::cloud::iot
