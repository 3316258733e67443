#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {
namespace {

// The targets whose things have not all had their turn.
result<json::array> processing_targets(store& state, const job_record& job,
                                       const std::vector<std::string>& targets) {
    if (!job.rollout_at) {
        return json::array();
    }
    std::int64_t waiting = 0;
    const auto read =
        state.db().query("jobs.are_waiting", "SELECT count(*) FROM job_rollouts WHERE job = ?1",
                         {job.sequence}, [&](const db::row& row) { waiting = row.integer(0); });
    if (!read) {
        return read.error();
    }
    return waiting > 0 ? json::array(targets.begin(), targets.end()) : json::array();
}

}  // namespace

api_result describe_job(const job_parts& in, const call& from) {
    auto& state = in.in.state;
    const auto hold = state.db().lock();
    const auto job = require_job(state, required_text(from, "jobId"));
    if (!job) {
        return job.error();
    }
    const auto targets = targets_of(state, job->sequence);
    if (!targets) {
        return internal_error(targets.error());
    }
    auto processing = processing_targets(state, *job, *targets);
    if (!processing) {
        return internal_error(processing.error());
    }
    auto details = process_details(job->counts);
    details["processingTargets"] = std::move(*processing);
    json::object described = job->definition;
    json::object output;
    if (const auto source = string_member(job->definition, "documentSource")) {
        output["documentSource"] = *source;
        described.erase("documentSource");
    }
    described["jobArn"] = job_arn(in.in, job->id);
    described["jobId"] = job->id;
    described["status"] = job->status;
    if (job->status == job_canceled) {
        described["forceCanceled"] = job->force_canceled;
    }
    if (job->reason_code) {
        described["reasonCode"] = *job->reason_code;
    }
    if (job->comment) {
        described["comment"] = *job->comment;
    }
    described["targets"] = json::array(targets->begin(), targets->end());
    described["createdAt"] = as_timestamp(job->created_at);
    described["lastUpdatedAt"] = as_timestamp(job->updated_at);
    if (job->completed_at) {
        described["completedAt"] = as_timestamp(*job->completed_at);
    }
    described["isConcurrent"] = job->is_continuous();
    described["jobProcessDetails"] = std::move(details);
    output["job"] = std::move(described);
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iot
