#include "libs/jobs/messages.hpp"

#include <algorithm>
#include <string>

namespace evergrass::jobs {
namespace {

constexpr std::size_t most_notified = 15;

std::int64_t seconds(std::int64_t milliseconds) {
    return milliseconds / 1000;
}

void add_document(json::object& into, const std::optional<std::string>& document,
                  document_form form) {
    if (!document) {
        return;
    }
    if (form == document_form::text) {
        into["jobDocument"] = *document;
        return;
    }
    auto parsed = parse_json(*document);
    into["jobDocument"] = parsed ? std::move(*parsed) : json::value(*document);
}

}  // namespace

json::object summary_of(const execution& of) {
    json::object summary = {{"jobId", of.job_id},
                            {"queuedAt", seconds(of.queued_at)},
                            {"lastUpdatedAt", seconds(of.updated_at)},
                            {"executionNumber", of.number},
                            {"versionNumber", of.version}};
    if (of.started_at) {
        summary["startedAt"] = seconds(*of.started_at);
    }
    return summary;
}

json::object state_of(const execution& of) {
    return {{"status", to_string(of.state)},
            {"statusDetails", of.details},
            {"versionNumber", of.version}};
}

json::object to_json(const execution& of, const std::optional<std::string>& document,
                     document_form form, std::int64_t now) {
    auto all = summary_of(of);
    all["thingName"] = of.thing;
    all["status"] = to_string(of.state);
    if (!of.details.empty()) {
        all["statusDetails"] = of.details;
    }
    if (const auto until = of.times_out_at()) {
        all["approximateSecondsBeforeTimedOut"] = std::max<std::int64_t>(0, seconds(*until - now));
    }
    add_document(all, document, form);
    return all;
}

json::object pending_lists(std::span<const execution> pending) {
    json::array queued;
    json::array started;
    for (const auto& each : pending) {
        (each.state == status::in_progress ? started : queued).push_back(summary_of(each));
    }
    return {{"inProgressJobs", std::move(started)}, {"queuedJobs", std::move(queued)}};
}

json::object notification(std::span<const execution> pending, std::int64_t now) {
    json::object jobs;
    for (const auto& each : pending.first(std::min(pending.size(), most_notified))) {
        auto& list = jobs[to_string(each.state)];
        if (!list.is_array()) {
            list.emplace_array();
        }
        list.get_array().push_back(summary_of(each));
    }
    return {{"timestamp", seconds(now)}, {"jobs", std::move(jobs)}};
}

json::object next_notification(const execution* next, const std::optional<std::string>& document,
                               std::int64_t now) {
    json::object body = {{"timestamp", seconds(now)}};
    if (next != nullptr) {
        body["execution"] = to_json(*next, document, document_form::json, now);
    }
    return body;
}

json::object accepted(json::object body, std::int64_t now, const client_token& token) {
    body["timestamp"] = seconds(now);
    if (token) {
        body["clientToken"] = *token;
    }
    return body;
}

json::object rejected(const refusal& why, const execution* current, std::int64_t now,
                      const client_token& token) {
    json::object body = {{"code", wire_code(why.code)}, {"message", why.message}};
    const bool is_held =
        why.code == errc::version_mismatch || why.code == errc::invalid_state_transition;
    if (current != nullptr && is_held) {
        body["executionState"] = state_of(*current);
    }
    return accepted(std::move(body), now, token);
}

}  // namespace evergrass::jobs
