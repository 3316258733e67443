#include "cloud/iot/listing.hpp"
#include "cloud/jobs/execution_output.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

api_result list_job_executions_for_job(const job_parts& in, const call& from) {
    const auto hold = in.in.state.db().lock();
    const auto job = require_job(in.in.state, required_text(from, "jobId"));
    if (!job) {
        return job.error();
    }
    const auto status = string_member(from.input, "status");
    const auto rows = "SELECT e.thing || printf('/%010d', e.number) AS key, " +
                      std::string(execution_columns) +
                      " FROM job_executions e JOIN jobs j ON j.sequence = e.job"
                      " WHERE e.job = ?3 AND (?4 IS NULL OR e.status = ?4)";
    listing wanted;
    wanted.statement = "jobs.list_executions";
    wanted.rows = rows;
    wanted.bound = {job->sequence, status ? db::value(*status) : db::value()};
    wanted.member = "executionSummaries";
    wanted.item = [&in](const db::row& row) {
        const auto one = read_execution(row, 1);
        return json::value{{"thingArn", thing_arn(in.in, one.thing)},
                           {"jobExecutionSummary", execution_summary(one)}};
    };
    return list_page(in.in, from, wanted);
}

}  // namespace evergrass::cloud::iot
