#pragma once

#include "cloud/jobs/job_service.hpp"

// What the requests of devices share.
namespace evergrass::cloud {

device_job_answer refused(error why, std::optional<jobs::execution> current = {});
device_job_answer no_such_execution(const device_job_request& asked);

// {"execution": …}, with the document where it is wanted.
result<device_job_answer> answer_with(job_changes& changes, const device_job_request& asked,
                                      const job_record& job, const jobs::execution& one,
                                      bool with_document);

}  // namespace evergrass::cloud
