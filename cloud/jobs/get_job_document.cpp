#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

// As it was given: placeholders of presigned URLs stay.
api_result get_job_document(const job_parts& in, const call& from) {
    const auto hold = in.in.state.db().lock();
    auto job = require_job(in.in.state, required_text(from, "jobId"));
    if (!job) {
        return job.error();
    }
    return reply{{{"document", std::move(job->document)}}};
}

}  // namespace evergrass::cloud::iot
