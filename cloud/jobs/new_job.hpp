#pragma once

#include "cloud/jobs/operations.hpp"

#include <string>
#include <vector>

namespace evergrass::cloud {

struct new_job {
    std::string id;
    std::vector<std::string> targets;  // ARNs
    json::object definition;           // the members of CreateJob but targets and document
    std::string document;
    json::array tags{};  // [{"Key", "Value"}, …]
};

// Checks it and makes it: InvalidRequestException, ResourceNotFoundException for a target that
// does not exist, ResourceAlreadyExistsException. Not for a thread that must not block.
api_result make_job(const job_parts& in, new_job wanted);

std::string job_arn(const registry& in, std::string_view id);

namespace iot {

// Checks the configurations that are there: rollout, abort, timeout, retries, presigned URLs.
std::optional<api_error> check_job_configs(const json::object& definition);

// Each is a thing or a thing group of this account that exists. Holds the store's lock.
std::optional<api_error> check_job_targets(registry& in, const std::vector<std::string>& targets);

std::vector<std::string> job_targets(const call& from);

// ResourceNotFoundException when there is none. The caller holds the store's lock.
answer<job_record> require_job(store& state, std::string_view id);
// The execution with its job, by name.
struct named_execution {
    job_record job;
    jobs::execution execution;
};
answer<named_execution> require_execution(store& state, const call& from);

// {"jobArn", "jobId", "description"}
json::object job_names(const registry& in, const job_record& job);

// The names of the members that stand in job_record::definition.
inline constexpr std::string_view job_configs[] = {"presignedUrlConfig",
                                                   "jobExecutionsRolloutConfig", "abortConfig",
                                                   "timeoutConfig", "jobExecutionsRetryConfig"};

}  // namespace iot
}  // namespace evergrass::cloud
