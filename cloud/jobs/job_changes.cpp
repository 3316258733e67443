#include "cloud/jobs/job_changes.hpp"

#include "cloud/store/tags.hpp"
#include "libs/jobs/document.hpp"
#include "libs/jobs/errors.hpp"
#include "libs/jobs/messages.hpp"
#include "libs/jobs/topics.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud {
namespace {

using jobs::status;

// Of one transaction: bounds how long others wait for the store.
constexpr std::int64_t most_things_at_once = 500;
constexpr std::int64_t default_url_seconds = 3600;

// A table wanted(thing) for a statement: who is to have the job ?1. ?2 and ?3 are what the ARNs of
// things and of groups begin with.
constexpr std::string_view targeted_things =
    "WITH RECURSIVE within(name) AS"
    " (SELECT g.name FROM job_targets t JOIN thing_groups g"
    "  ON g.name = substr(t.target, length(?3) + 1)"
    "  WHERE t.job = ?1 AND substr(t.target, 1, length(?3)) = ?3"
    "  UNION SELECT g.name FROM within w JOIN thing_groups g ON g.parent = w.name),"
    " wanted(thing) AS"
    " (SELECT h.name FROM job_targets t JOIN things h"
    "  ON h.name = substr(t.target, length(?2) + 1)"
    "  WHERE t.job = ?1 AND substr(t.target, 1, length(?2)) = ?2"
    "  UNION SELECT m.thing FROM within w JOIN thing_group_things m ON m.group_name = w.name)";

json::object config_of(const job_record& job, std::string_view name) {
    const auto* const config = object_member(job.definition, name);
    return config != nullptr ? *config : json::object();
}

std::string_view event_of(status how) {
    switch (how) {
        case status::succeeded:
            return "succeeded";
        case status::failed:
            return "failed";
        case status::rejected:
            return "rejected";
        case status::canceled:
            return "canceled";
        case status::timed_out:
            return "timed_out";
        case status::removed:
            return "removed";
        case status::queued:
        case status::in_progress:
            break;
    }
    return {};
}

}  // namespace

job_changes::job_changes(store& state, const service_identity& identity, std::int64_t now,
                         const job_url_signer& sign, const logger& log)
    : state_(state), identity_(identity), now_(now), sign_(sign), log_(log) {}

result<job_record> job_changes::create(job_record job, const std::vector<std::string>& targets) {
    job.created_at = now_;
    job.updated_at = now_;
    job.rollout_at = now_;
    const auto sequence = insert_job(state_, job);
    if (!sequence) {
        return sequence.error();
    }
    job.sequence = *sequence;
    if (auto set = set_targets(job, targets); !set) {
        return set.error();
    }
    if (auto rolled = roll_out(job); !rolled) {
        return rolled.error();
    }
    return job;
}

result<void> job_changes::add_targets(job_record& job, const std::vector<std::string>& targets) {
    if (auto set = set_targets(job, targets); !set) {
        return set;
    }
    if (!targets.empty()) {
        job.updated_at = now_;
    }
    return roll_out(job);
}

// Enters them, and the things among them that the job has not reached yet.
result<void> job_changes::set_targets(const job_record& job,
                                      const std::vector<std::string>& targets) {
    for (const auto& each : targets) {
        auto entered = state_.db().run(
            "jobs.add_target",
            "INSERT INTO job_targets(job, ordinal, target)"
            " SELECT ?1, (SELECT coalesce(max(ordinal), 0) + 1 FROM job_targets WHERE job = ?1), ?2"
            " WHERE NOT EXISTS(SELECT 1 FROM job_targets WHERE job = ?1 AND target = ?2)",
            {job.sequence, each});
        if (!entered) {
            return entered;
        }
    }
    return state_.db().run(
        "jobs.add_things",
        "INSERT OR IGNORE INTO job_rollouts(job, thing) " + std::string(targeted_things) +
            " SELECT ?1, w.thing FROM wanted w WHERE NOT EXISTS"
            " (SELECT 1 FROM job_executions e WHERE e.job = ?1 AND e.thing = w.thing"
            "  AND e.status <> 'REMOVED') ORDER BY w.thing",
        {job.sequence, identity_.iot_arn("thing/"), identity_.iot_arn("thinggroup/")});
}

result<std::int64_t> job_changes::waiting_things(const job_record& job) {
    std::int64_t count = 0;
    const auto read =
        state_.db().query("jobs.waiting_things", "SELECT count(*) FROM job_rollouts WHERE job = ?1",
                          {job.sequence}, [&](const db::row& row) { count = row.integer(0); });
    if (!read) {
        return read.error();
    }
    return count;
}

result<void> job_changes::roll_out(job_record& job) {
    const auto waiting = waiting_things(job);
    if (!waiting) {
        return waiting.error();
    }
    const auto config = jobs::read_rollout_config(config_of(job, "jobExecutionsRolloutConfig"));
    if (!config) {
        return config.error();
    }
    job.progress.succeeded = job.counts[status::succeeded];
    const auto wanted = std::min(*waiting, most_things_at_once);
    const auto step = jobs::next_step(*config, job.progress, wanted, now_);
    job.progress = step.after;
    job.rollout_at = step.again;
    if (!step.again && wanted < *waiting) {
        job.rollout_at = now_;
    }
    std::vector<std::pair<std::int64_t, std::string>> next;
    auto read = state_.db().query(
        "jobs.next_things",
        "SELECT ordinal, thing FROM job_rollouts WHERE job = ?1 ORDER BY ordinal LIMIT ?2",
        {job.sequence, step.allowed},
        [&](const db::row& row) { next.emplace_back(row.integer(0), row.text(1)); });
    if (!read) {
        return read;
    }
    for (const auto& [ordinal, thing] : next) {
        auto taken = state_.db().run("jobs.thing_had_its_turn",
                                     "DELETE FROM job_rollouts WHERE ordinal = ?1", {ordinal});
        if (!taken) {
            return taken;
        }
        if (auto queued = queue(job, thing, 0); !queued) {
            return queued;
        }
    }
    if (auto saved = save_job(state_, job); !saved) {
        return saved;
    }
    return complete_if_done(job);
}

// The job's row is saved by the caller.
result<void> job_changes::queue(job_record& job, const std::string& thing,
                                std::int64_t retry_attempt) {
    if (auto touched = touch(thing); !touched) {
        return touched;
    }
    const auto last = find_execution(state_, job.sequence, thing, std::nullopt);
    if (!last) {
        return last.error();
    }
    jobs::execution made;
    made.job_id = job.id;
    made.thing = thing;
    made.retry_attempt = retry_attempt;
    made.queued_at = now_;
    made.updated_at = now_;
    if (*last) {
        made.number = (*last)->number + 1;
        --job.counts[(*last)->state];  // the numbers are of each thing's newest one
    }
    ++job.counts[made.state];
    return save_execution(state_, job.sequence, made);
}

result<void> job_changes::change(job_record& job, const jobs::execution& before,
                                 const jobs::execution& after) {
    if (auto touched = touch(before.thing); !touched) {
        return touched;
    }
    if (auto saved = save_execution(state_, job.sequence, after); !saved) {
        return saved;
    }
    if (after.state != before.state) {
        --job.counts[before.state];
        ++job.counts[after.state];
    }
    if (!jobs::is_terminal(after.state) || jobs::is_terminal(before.state)) {
        return after.state == before.state ? result<void>() : save_job(state_, job);
    }
    say_execution_event(job, after, event_of(after.state));
    return after_end(job, after);
}

result<void> job_changes::after_end(job_record& job, const jobs::execution& ended) {
    const auto retries = jobs::read_retry_config(config_of(job, "jobExecutionsRetryConfig"));
    const bool again =
        job.status == job_in_progress && retries && jobs::is_retried(*retries, ended);
    if (again) {
        if (auto queued = queue(job, ended.thing, ended.retry_attempt + 1); !queued) {
            return queued;
        }
    }
    if (auto saved = save_job(state_, job); !saved) {
        return saved;
    }
    if (job.status != job_in_progress || again) {
        return {};
    }
    if (auto aborted = abort_if_tripped(job); !aborted) {
        return aborted;
    }
    return complete_if_done(job);
}

result<void> job_changes::abort_if_tripped(job_record& job) {
    const auto* const config = object_member(job.definition, "abortConfig");
    if (config == nullptr) {
        return {};
    }
    const auto criteria = jobs::read_abort_config(*config);
    if (!criteria) {
        return criteria.error();
    }
    const bool tripped = std::any_of(criteria->begin(), criteria->end(), [&](const auto& each) {
        return jobs::is_tripped(each, job.counts);
    });
    if (!tripped) {
        return {};
    }
    return cancel(job, false, "ABORT_CRITERIA_MET", "A criterion of abortConfig was met.");
}

result<void> job_changes::complete_if_done(job_record& job) {
    if (job.status != job_in_progress || job.is_continuous() || job.rollout_at ||
        job.counts[status::queued] + job.counts[status::in_progress] > 0) {
        return {};
    }
    job.status = job_completed;
    job.completed_at = now_;
    job.updated_at = now_;
    if (auto saved = save_job(state_, job); !saved) {
        return saved;
    }
    return say_job_event(job, "completed");
}

result<void> job_changes::cancel(job_record& job, bool force,
                                 std::optional<std::string> reason_code,
                                 std::optional<std::string> comment) {
    job.status = job_canceled;
    job.force_canceled = force;
    job.reason_code = std::move(reason_code);
    job.comment = std::move(comment);
    job.updated_at = now_;
    job.completed_at = now_;
    job.rollout_at.reset();
    auto dropped = state_.db().run("jobs.cancel_rollout", "DELETE FROM job_rollouts WHERE job = ?1",
                                   {job.sequence});
    if (!dropped) {
        return dropped;
    }
    auto ended = end_executions(job, force ? std::nullopt : std::optional(status::queued));
    if (!ended) {
        return ended;
    }
    if (auto saved = save_job(state_, job); !saved) {
        return saved;
    }
    return say_job_event(job, "canceled");
}

result<void> job_changes::end_executions(job_record& job, std::optional<status> only) {
    const auto open = open_executions(state_, job.sequence, only);
    if (!open) {
        return open.error();
    }
    for (const auto& each : *open) {
        auto after = jobs::end(each, status::canceled, now_);
        after.force_canceled = each.state == status::in_progress;
        if (auto changed = change(job, each, after); !changed) {
            return changed;
        }
    }
    return {};
}

result<void> job_changes::remove(job_record& job) {
    const auto open = open_executions(state_, job.sequence, std::nullopt);
    if (!open) {
        return open.error();
    }
    for (const auto& each : *open) {
        if (auto touched = touch(each.thing); !touched) {
            return touched;
        }
    }
    if (auto said = say_job_event(job, "deleted"); !said) {
        return said;
    }
    constexpr std::pair<std::string_view, std::string_view> statements[] = {
        {"jobs.delete_executions", "DELETE FROM job_executions WHERE job = ?1"},
        {"jobs.delete_rollouts", "DELETE FROM job_rollouts WHERE job = ?1"},
        {"jobs.delete_targets", "DELETE FROM job_targets WHERE job = ?1"},
        {"jobs.delete", "DELETE FROM jobs WHERE sequence = ?1"},
    };
    for (const auto& [name, sql] : statements) {
        if (auto done = state_.db().run(name, sql, {job.sequence}); !done) {
            return done;
        }
    }
    return drop_tags(state_, identity_.iot_arn("job/" + job.id));
}

result<void> job_changes::remove_execution(job_record& job, const jobs::execution& one) {
    if (auto touched = touch(one.thing); !touched) {
        return touched;
    }
    const auto newest = find_execution(state_, job.sequence, one.thing, std::nullopt);
    if (!newest) {
        return newest.error();
    }
    auto deleted =
        state_.db().run("jobs.delete_execution",
                        "DELETE FROM job_executions WHERE job = ?1 AND thing = ?2 AND number = ?3",
                        {job.sequence, one.thing, one.number});
    if (!deleted) {
        return deleted;
    }
    if (*newest && (*newest)->number == one.number) {
        --job.counts[one.state];
    }
    say_execution_event(job, one, "deleted");
    if (auto saved = save_job(state_, job); !saved) {
        return saved;
    }
    return complete_if_done(job);
}

result<void> job_changes::follow_things() {
    std::vector<std::int64_t> running;
    auto listed =
        state_.db().query("jobs.running", "SELECT sequence FROM jobs WHERE status = 'IN_PROGRESS'",
                          {}, [&](const db::row& row) { running.push_back(row.integer(0)); });
    if (!listed) {
        return listed;
    }
    for (const auto sequence : running) {
        auto job = find_job(state_, sequence);
        if (!job) {
            return job.error();
        }
        if (auto left = remove_who_left(**job); !left) {
            return left;
        }
        if ((*job)->is_continuous()) {
            if (auto joined = add_targets(**job, {}); !joined) {
                return joined;
            }
        }
    }
    return {};
}

// A snapshot is of those who were there: only who is deleted leaves it.
result<void> job_changes::remove_who_left(job_record& job) {
    const auto things = identity_.iot_arn("thing/");
    const auto groups = identity_.iot_arn("thinggroup/");
    const std::string is_wanted =
        job.is_continuous() ? "(SELECT thing FROM wanted)" : "(SELECT name FROM things)";
    const std::string name = job.is_continuous() ? "jobs.who_left" : "jobs.who_is_deleted";
    auto dropped = state_.db().run(
        name + ".waiting",
        std::string(targeted_things) +
            " DELETE FROM job_rollouts WHERE job = ?1 AND thing NOT IN " + is_wanted,
        {job.sequence, things, groups});
    if (!dropped) {
        return dropped;
    }
    std::vector<std::string> gone;
    auto read = state_.db().query(name,
                                  std::string(targeted_things) +
                                      " SELECT thing FROM job_executions WHERE job = ?1"
                                      " AND status IN ('QUEUED', 'IN_PROGRESS') AND thing NOT IN " +
                                      is_wanted,
                                  {job.sequence, things, groups},
                                  [&](const db::row& row) { gone.push_back(row.text(0)); });
    if (!read) {
        return read;
    }
    for (const auto& thing : gone) {
        const auto last = find_execution(state_, job.sequence, thing, std::nullopt);
        if (!last) {
            return last.error();
        }
        if (*last && !jobs::is_terminal((*last)->state)) {
            if (auto ended = change(job, **last, jobs::end(**last, status::removed, now_));
                !ended) {
                return ended;
            }
        }
    }
    return {};
}

result<bool> job_changes::look() {
    std::size_t timed_out = 0;
    if (auto done = time_out(most_things_at_once, timed_out); !done) {
        return done.error();
    }
    std::vector<std::int64_t> ready;
    auto read = state_.db().query(
        "jobs.rollouts_due",
        "SELECT sequence FROM jobs WHERE rollout_at IS NOT NULL AND rollout_at <= ?1"
        " ORDER BY rollout_at LIMIT 1",
        {now_}, [&](const db::row& row) { ready.push_back(row.integer(0)); });
    if (!read) {
        return read.error();
    }
    for (const auto sequence : ready) {
        auto job = find_job(state_, sequence);
        if (!job) {
            return job.error();
        }
        if (auto rolled = roll_out(**job); !rolled) {
            return rolled.error();
        }
    }
    return ready.empty() && timed_out < static_cast<std::size_t>(most_things_at_once);
}

result<void> job_changes::time_out(std::int64_t most, std::size_t& done) {
    struct late {
        std::int64_t job;
        std::string thing;
        std::int64_t number;
    };
    std::vector<late> all;
    auto read = state_.db().query(
        "jobs.timeouts_due",
        "SELECT job, thing, number FROM job_executions"
        " WHERE times_out_at IS NOT NULL AND times_out_at <= ?1 ORDER BY times_out_at LIMIT ?2",
        {now_, most}, [&](const db::row& row) {
            all.push_back({row.integer(0), row.text(1), row.integer(2)});
        });
    if (!read) {
        return read;
    }
    done = all.size();
    for (const auto& each : all) {
        auto job = find_job(state_, each.job);
        if (!job) {
            return job.error();
        }
        const auto one = find_execution(state_, each.job, each.thing, each.number);
        if (!one) {
            return one.error();
        }
        if (!*job || !*one || jobs::is_terminal((*one)->state)) {
            continue;
        }
        if (auto ended = change(**job, **one, jobs::end(**one, status::timed_out, now_)); !ended) {
            return ended;
        }
    }
    return {};
}

result<std::optional<std::int64_t>> job_changes::due() {
    std::optional<std::int64_t> at;
    const auto read = state_.db().query(
        "jobs.due",
        "SELECT min(at) FROM (SELECT min(rollout_at) AS at FROM jobs WHERE rollout_at IS NOT NULL"
        " UNION ALL SELECT min(times_out_at) FROM job_executions WHERE times_out_at IS NOT NULL)",
        {}, [&](const db::row& row) {
            at = row.is_null(0) ? std::nullopt : std::optional(row.integer(0));
        });
    if (!read) {
        return read.error();
    }
    return at;
}

result<std::string> job_changes::document_for(const job_record& job, const std::string& thing) {
    const auto* const config = object_member(job.definition, "presignedUrlConfig");
    if (config == nullptr || !jobs::has_presigned_urls(job.document)) {
        return job.document;
    }
    const auto role = string_member(*config, "roleArn").value_or("");
    const std::chrono::seconds lasts(
        int_member(*config, "expiresInSec").value_or(default_url_seconds));
    return jobs::with_presigned_urls(
        job.document, [&](std::string_view url) { return sign_(url, role, thing, lasts); });
}

}  // namespace evergrass::cloud
