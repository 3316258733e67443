#include "cloud/jobs/job_records.hpp"

#include <functional>

namespace evergrass::cloud {
namespace {

constexpr std::string_view job_columns =
    "SELECT sequence, id, definition, document, status, comment, reason_code, force_canceled,"
    " created_at, updated_at, completed_at, queued, in_progress, succeeded, failed, timed_out,"
    " rejected, removed, canceled, rollout_at, minute_began, in_minute, notified FROM jobs";

std::optional<std::string> text_or_none(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

std::optional<std::int64_t> number_or_none(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

db::value or_null(const std::optional<std::string>& text) {
    return text ? db::value(*text) : db::value();
}

db::value or_null(const std::optional<std::int64_t>& number) {
    return number ? db::value(*number) : db::value();
}

json::object object_of(const std::string& text) {
    auto parsed = parse_json(text);
    return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

job_record read_job(const db::row& row) {
    job_record read;
    read.sequence = row.integer(0);
    read.id = row.text(1);
    read.definition = object_of(row.text(2));
    read.document = row.text(3);
    read.status = row.text(4);
    read.comment = text_or_none(row, 5);
    read.reason_code = text_or_none(row, 6);
    read.force_canceled = row.integer(7) != 0;
    read.created_at = row.integer(8);
    read.updated_at = row.integer(9);
    read.completed_at = number_or_none(row, 10);
    for (std::size_t i = 0; i < jobs::status_count; ++i) {
        read.counts.by_status[i] = row.integer(11 + static_cast<int>(i));
    }
    read.rollout_at = number_or_none(row, 19);
    read.progress.minute_began = row.integer(20);
    read.progress.in_minute = row.integer(21);
    read.progress.notified = row.integer(22);
    read.progress.succeeded = read.counts[jobs::status::succeeded];
    return read;
}

result<std::optional<job_record>> find(store& state, std::string_view name, std::string_view where,
                                       db::value key) {
    std::optional<job_record> found;
    const auto read =
        state.db().query(name, std::string(job_columns).append(where), {std::move(key)},
                         [&](const db::row& row) { found = read_job(row); });
    if (!read) {
        return read.error();
    }
    return found;
}

result<std::vector<jobs::execution>> read_executions(store& state, std::string_view name,
                                                     std::string_view rest,
                                                     const std::vector<db::value>& bound) {
    std::vector<jobs::execution> all;
    std::string sql = "SELECT ";
    sql.append(execution_columns)
        .append(" FROM job_executions e JOIN jobs j ON j.sequence = e.job");
    sql.append(rest);
    const auto read = state.db().query(
        name, sql, bound, [&](const db::row& row) { all.push_back(read_execution(row)); });
    if (!read) {
        return read.error();
    }
    return all;
}

}  // namespace

bool job_record::is_continuous() const {
    return string_member(definition, "targetSelection") == "CONTINUOUS";
}

std::optional<std::int64_t> job_record::minutes_in_progress() const {
    const auto* const config = object_member(definition, "timeoutConfig");
    return config != nullptr ? int_member(*config, "inProgressTimeoutInMinutes") : std::nullopt;
}

result<std::optional<job_record>> find_job(store& state, std::string_view id) {
    return find(state, "jobs.find", " WHERE id = ?1", std::string(id));
}

result<std::optional<job_record>> find_job(store& state, std::int64_t sequence) {
    return find(state, "jobs.find_by_sequence", " WHERE sequence = ?1", sequence);
}

result<std::int64_t> insert_job(store& state, const job_record& job) {
    std::int64_t sequence = 0;
    const auto made = state.db().query(
        "jobs.insert",
        "INSERT INTO jobs(id, definition, document, status, created_at, updated_at, rollout_at)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6) RETURNING sequence",
        {job.id, json::serialize(job.definition), job.document, job.status, job.created_at,
         or_null(job.rollout_at)},
        [&](const db::row& row) { sequence = row.integer(0); });
    if (!made) {
        return made.error();
    }
    return sequence;
}

result<void> save_job(store& state, const job_record& job) {
    std::vector<db::value> bound = {
        job.sequence,         json::serialize(job.definition), job.status,
        or_null(job.comment), or_null(job.reason_code),        std::int64_t{job.force_canceled},
        job.updated_at,       or_null(job.completed_at)};
    for (const auto count : job.counts.by_status) {
        bound.emplace_back(count);
    }
    bound.emplace_back(or_null(job.rollout_at));
    bound.emplace_back(job.progress.minute_began);
    bound.emplace_back(job.progress.in_minute);
    bound.emplace_back(job.progress.notified);
    return state.db().run(
        "jobs.save",
        "UPDATE jobs SET definition = ?2, status = ?3, comment = ?4, reason_code = ?5,"
        " force_canceled = ?6, updated_at = ?7, completed_at = ?8, queued = ?9, in_progress = ?10,"
        " succeeded = ?11, failed = ?12, timed_out = ?13, rejected = ?14, removed = ?15,"
        " canceled = ?16, rollout_at = ?17, minute_began = ?18, in_minute = ?19, notified = ?20"
        " WHERE sequence = ?1",
        bound);
}

result<std::vector<std::string>> targets_of(store& state, std::int64_t job) {
    std::vector<std::string> targets;
    const auto read = state.db().query(
        "jobs.targets", "SELECT target FROM job_targets WHERE job = ?1 ORDER BY ordinal", {job},
        [&](const db::row& row) { targets.push_back(row.text(0)); });
    if (!read) {
        return read.error();
    }
    return targets;
}

result<std::optional<jobs::execution>> find_execution(store& state, std::int64_t job,
                                                      std::string_view thing,
                                                      std::optional<std::int64_t> number) {
    auto all =
        read_executions(state, "jobs.find_execution",
                        " WHERE e.job = ?1 AND e.thing = ?2 AND (?3 IS NULL OR e.number = ?3)"
                        " ORDER BY e.number DESC LIMIT 1",
                        {job, std::string(thing), or_null(number)});
    if (!all) {
        return all.error();
    }
    return all->empty() ? std::nullopt : std::optional(std::move(all->front()));
}

result<void> save_execution(store& state, std::int64_t job, const jobs::execution& one) {
    return state.db().run(
        "jobs.save_execution",
        "INSERT OR REPLACE INTO job_executions(job, thing, number, status, details, version,"
        " retry_attempt, force_canceled, queued_at, started_at, updated_at, in_progress_until,"
        " step_until, times_out_at)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        {job, one.thing, one.number, std::string(jobs::to_string(one.state)),
         json::serialize(one.details), one.version, one.retry_attempt,
         std::int64_t{one.force_canceled}, one.queued_at, or_null(one.started_at), one.updated_at,
         or_null(one.in_progress_until), or_null(one.step_until), or_null(one.times_out_at())});
}

result<std::vector<jobs::execution>> pending_executions(store& state, std::string_view thing) {
    return read_executions(state, "jobs.pending",
                           " WHERE e.thing = ?1 AND e.status IN ('QUEUED', 'IN_PROGRESS')"
                           " ORDER BY e.status = 'QUEUED', coalesce(e.started_at, e.queued_at),"
                           " e.job",
                           {std::string(thing)});
}

result<std::vector<jobs::execution>> open_executions(store& state, std::int64_t job,
                                                     std::optional<jobs::status> only) {
    return read_executions(
        state, "jobs.open_executions",
        " WHERE e.job = ?1 AND e.status IN ('QUEUED', 'IN_PROGRESS')"
        " AND (?2 IS NULL OR e.status = ?2)",
        {job, only ? db::value(std::string(jobs::to_string(*only))) : db::value()});
}

jobs::execution read_execution(const db::row& row, int first) {
    const auto at = [first](int column) { return first + column; };
    jobs::execution read;
    read.job_id = row.text(at(0));
    read.thing = row.text(at(1));
    read.number = row.integer(at(2));
    read.state = jobs::parse_status(row.text(at(3))).value_or(jobs::status::removed);
    read.details = object_of(row.text(at(4)));
    read.version = row.integer(at(5));
    read.retry_attempt = row.integer(at(6));
    read.force_canceled = row.integer(at(7)) != 0;
    read.queued_at = row.integer(at(8));
    read.started_at = number_or_none(row, at(9));
    read.updated_at = row.integer(at(10));
    read.in_progress_until = number_or_none(row, at(11));
    read.step_until = number_or_none(row, at(12));
    return read;
}

}  // namespace evergrass::cloud
