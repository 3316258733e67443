#include "cloud/iot/listing.hpp"
#include "cloud/iot/thing_groups.hpp"
#include "cloud/jobs/new_job.hpp"

namespace evergrass::cloud::iot {
namespace {

db::value text_or_null(const call& from, std::string_view name) {
    const auto text = string_member(from.input, name);
    return text ? db::value(*text) : db::value();
}

json::value as_summary(const registry& in, const db::row& row) {
    json::object summary = {{"jobArn", job_arn(in, row.text(1))},
                            {"jobId", row.text(1)},
                            {"status", row.text(2)},
                            {"targetSelection", row.text(3)},
                            {"createdAt", as_timestamp(row.integer(4))},
                            {"lastUpdatedAt", as_timestamp(row.integer(5))},
                            {"isConcurrent", row.text(3) == "CONTINUOUS"}};
    if (!row.is_null(6)) {
        summary["completedAt"] = as_timestamp(row.integer(6));
    }
    return summary;
}

}  // namespace

// Newest first.
api_result list_jobs(const job_parts& in, const call& from) {
    if (from.input.contains("namespaceId")) {
        return invalid_request("namespaceId is not there in this service; leave it out.");
    }
    listing wanted;
    wanted.statement = "jobs.list";
    wanted.rows =
        "SELECT printf('%015d', sequence) AS key, id, status,"
        " json_extract(definition, '$.targetSelection') AS selection, created_at, updated_at,"
        " completed_at FROM jobs WHERE (?3 IS NULL OR status = ?3)"
        " AND (?4 IS NULL OR json_extract(definition, '$.targetSelection') = ?4)"
        " AND ((?5 IS NULL AND ?6 IS NULL) OR sequence IN (SELECT t.job FROM job_targets t"
        "  JOIN thing_groups g ON t.target = ?7 || g.name WHERE g.name = ?5 OR g.id = ?6))";
    wanted.bound = {text_or_null(from, "status"), text_or_null(from, "targetSelection"),
                    text_or_null(from, "thingGroupName"), text_or_null(from, "thingGroupId"),
                    thing_group_arn(in.in, "")};
    wanted.member = "jobs";
    wanted.newest_first = true;
    wanted.item = [&in](const db::row& row) { return as_summary(in.in, row); };
    return list_page(in.in, from, wanted);
}

}  // namespace evergrass::cloud::iot
