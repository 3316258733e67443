#include "cloud/jobs/job_changes.hpp"
#include "libs/base/random.hpp"
#include "libs/jobs/messages.hpp"
#include "libs/jobs/topics.hpp"

#include <algorithm>
#include <utility>

// What a job_changes says of its changes: to things, and as events (docs/jobs.md).
namespace evergrass::cloud {
namespace {

std::int64_t as_seconds(std::int64_t milliseconds) {
    return milliseconds / 1000;
}

json::object event(std::string_view type, std::string_view operation, const job_record& job,
                   std::int64_t now) {
    return {{"eventType", type},
            {"eventId", uuid_v4()},
            {"timestamp", now / 1000},
            {"operation", operation},
            {"jobId", job.id}};
}

}  // namespace

json::object process_details(const jobs::tally& counts) {
    using jobs::status;
    return {{"numberOfCanceledThings", counts[status::canceled]},
            {"numberOfSucceededThings", counts[status::succeeded]},
            {"numberOfFailedThings", counts[status::failed]},
            {"numberOfRejectedThings", counts[status::rejected]},
            {"numberOfQueuedThings", counts[status::queued]},
            {"numberOfInProgressThings", counts[status::in_progress]},
            {"numberOfRemovedThings", counts[status::removed]},
            {"numberOfTimedOutThings", counts[status::timed_out]}};
}

result<job_changes::pending_list> job_changes::list_of(std::string_view thing) {
    const auto pending = pending_executions(state_, thing);
    if (!pending) {
        return pending.error();
    }
    pending_list list;
    for (const auto& each : *pending) {
        list.jobs.emplace_back(each.job_id, each.number);
    }
    return list;
}

// Before the first change of one of its executions.
result<void> job_changes::touch(const std::string& thing) {
    if (before_.contains(thing)) {
        return {};
    }
    auto list = list_of(thing);
    if (!list) {
        return list.error();
    }
    before_.emplace(thing, std::move(*list));
    return {};
}

result<std::vector<job_message>> job_changes::finish() {
    for (const auto& [thing, before] : std::exchange(before_, {})) {
        if (auto said = say_list(thing, before); !said) {
            return said.error();
        }
    }
    return std::exchange(said_, {});
}

result<void> job_changes::say_list(const std::string& thing, const pending_list& before) {
    const auto pending = pending_executions(state_, thing);
    if (!pending) {
        return pending.error();
    }
    pending_list after;
    for (const auto& each : *pending) {
        after.jobs.emplace_back(each.job_id, each.number);
    }
    auto were = before.jobs;
    auto are = after.jobs;
    std::sort(were.begin(), were.end());
    std::sort(are.begin(), are.end());
    if (were != are) {
        say({jobs::notify_topic(thing),
             json::serialize(jobs::notification(*pending, now_)),
             {},
             {}});
    }
    const auto first = [](const pending_list& list) {
        return list.jobs.empty() ? std::pair<std::string, std::int64_t>() : list.jobs.front();
    };
    if (first(before) == first(after)) {
        return {};
    }
    const jobs::execution* const next = pending->empty() ? nullptr : &pending->front();
    std::optional<std::string> document;
    if (next != nullptr) {
        const auto job = find_job(state_, next->job_id);
        if (!job) {
            return job.error();
        }
        auto made = document_for(**job, thing);
        if (made) {
            document = std::move(*made);
        } else {
            log_.warn("A thing is told of its next job without the document.",
                      {{"thing", thing}, {"jobId", next->job_id}, {"error", made.error()}});
        }
    }
    say({jobs::notify_next_topic(thing),
         json::serialize(jobs::next_notification(next, document, now_)),
         {},
         {}});
    return {};
}

result<void> job_changes::say_job_event(const job_record& job, std::string_view what) {
    const auto targets = targets_of(state_, job.sequence);
    if (!targets) {
        return targets.error();
    }
    auto body = event("JOB", what, job, now_);
    body["status"] = job.status;
    body["targetSelection"] = string_member(job.definition, "targetSelection").value_or("SNAPSHOT");
    body["targets"] = json::array(targets->begin(), targets->end());
    body["description"] = string_member(job.definition, "description").value_or("");
    body["createdAt"] = as_seconds(job.created_at);
    body["lastUpdatedAt"] = as_seconds(job.updated_at);
    if (job.completed_at) {
        body["completedAt"] = as_seconds(*job.completed_at);
    }
    body["jobProcessDetails"] = process_details(job.counts);
    say({"$aws/events/job/" + job.id + "/" + std::string(what), json::serialize(body), {}, {}});
    return {};
}

void job_changes::say_execution_event(const job_record& job, const jobs::execution& one,
                                      std::string_view what) {
    auto body = event("JOB_EXECUTION", what, job, now_);
    body["thingArn"] = identity_.iot_arn("thing/" + one.thing);
    body["status"] = jobs::to_string(one.state);
    body["statusDetails"] = one.details;
    say({"$aws/events/jobExecution/" + job.id + "/" + std::string(what),
         json::serialize(body),
         {},
         {}});
}

}  // namespace evergrass::cloud
