#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/jobs/job_service.hpp"

namespace evergrass::cloud::iot {

// An operation of "iot-jobs-data": asks the service and waits for its answer. Not for a thread that
// must not block.
api_result ask_and_wait(job_service& service, jobs::request what, const call& from);

// The exception of a refusal (spec/cloud.md §5.2).
api_error to_job_api_error(const error& why);

}  // namespace evergrass::cloud::iot
