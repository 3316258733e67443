#include "cloud/iot/listing.hpp"
#include "cloud/jobs/execution_output.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {

// In the order in which the jobs were made, newest first.
api_result list_job_executions_for_thing(const job_parts& in, const call& from) {
    const auto hold = in.in.state.db().lock();
    const auto thing = require_thing(in.in, required_text(from, "thingName"));
    if (!thing) {
        return thing.error();
    }
    const auto status = string_member(from.input, "status");
    const auto job = string_member(from.input, "jobId");
    const auto rows = "SELECT printf('%015d/%010d', e.job, e.number) AS key, " +
                      std::string(execution_columns) +
                      " FROM job_executions e JOIN jobs j ON j.sequence = e.job"
                      " WHERE e.thing = ?3 AND (?4 IS NULL OR e.status = ?4)"
                      " AND (?5 IS NULL OR j.id = ?5)";
    listing wanted;
    wanted.statement = "jobs.list_executions_of_thing";
    wanted.rows = rows;
    wanted.bound = {thing->name, status ? db::value(*status) : db::value(),
                    job ? db::value(*job) : db::value()};
    wanted.member = "executionSummaries";
    wanted.newest_first = true;
    wanted.item = [](const db::row& row) {
        const auto one = read_execution(row, 1);
        return json::value{{"jobId", one.job_id}, {"jobExecutionSummary", execution_summary(one)}};
    };
    return list_page(in.in, from, wanted);
}

}  // namespace evergrass::cloud::iot
