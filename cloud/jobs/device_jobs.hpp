#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/jobs/job_service.hpp"
#include "cloud/store/store.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <string_view>

namespace evergrass::cloud {

// What devices ask of jobs over mutual TLS needs. All that is pointed to outlives the requests.
struct device_jobs {
    job_service* service;
    const device_authority* authority;
    const service_identity* identity;
};

// `GET /things/{thing}/jobs`, `PUT /things/{thing}/jobs/$next`, `GET` and `POST
// /things/{thing}/jobs/{jobId}` of a device that showed its certificate: they need
// iot:GetPendingJobExecutions, iot:StartNextPendingJobExecution, iot:DescribeJobExecution and
// iot:UpdateJobExecution on thing/THING. Answers are as those of "iot-jobs-data". Any executor.
boost::asio::awaitable<http::response> jobs_over_https(device_jobs in, http::request asked);

// Is the path one of these? What it names may still be wrong.
bool is_jobs_path(std::string_view path);

}  // namespace evergrass::cloud
