#include "cloud/jobs/new_job.hpp"

#include "cloud/iot/tags.hpp"
#include "cloud/iot/thing_groups.hpp"
#include "libs/jobs/document.hpp"

#include <set>

namespace evergrass::cloud {
namespace iot {
namespace {

constexpr std::size_t most_targets = 100;  // AWS's quota
constexpr std::int64_t longest_timeout_minutes = 7 * 24 * 60;

std::optional<api_error> refused(const result<void>& checked) {
    return checked ? std::nullopt : std::optional(invalid_request(checked.error().context + "."));
}

template <class T>
result<void> outcome(const result<T>& read) {
    return read ? result<void>() : result<void>(read.error());
}

result<void> check_presigning(const json::object& config) {
    const auto role = string_member(config, "roleArn");
    const auto lasts = int_member(config, "expiresInSec");
    if (!role || role->find(":role/") == std::string::npos) {
        return error{jobs::errc::invalid_request,
                     "presignedUrlConfig: roleArn must be the ARN of a role"};
    }
    if (config.contains("expiresInSec") && (!lasts || *lasts < 60 || *lasts > 3600)) {
        return error{jobs::errc::invalid_request,
                     "presignedUrlConfig: expiresInSec must be 60 to 3600"};
    }
    return {};
}

result<void> check_timeout(const json::object& config) {
    const auto minutes = int_member(config, "inProgressTimeoutInMinutes");
    if (!minutes || *minutes < 1 || *minutes > longest_timeout_minutes) {
        return error{jobs::errc::invalid_request,
                     "timeoutConfig: inProgressTimeoutInMinutes must be 1 to 10080"};
    }
    return {};
}

result<void> check_config(std::string_view name, const json::object& config) {
    if (name == "presignedUrlConfig") {
        return check_presigning(config);
    }
    if (name == "jobExecutionsRolloutConfig") {
        return outcome(jobs::read_rollout_config(config));
    }
    if (name == "abortConfig") {
        return outcome(jobs::read_abort_config(config));
    }
    if (name == "timeoutConfig") {
        return check_timeout(config);
    }
    return outcome(jobs::read_retry_config(config));
}

std::optional<api_error> check_target(registry& in, const std::string& arn) {
    if (const auto thing = thing_of_arn(in, arn)) {
        const auto found = require_thing(in, *thing);
        return found ? std::nullopt : std::optional(found.error());
    }
    if (const auto group = thing_group_of_arn(in, arn)) {
        const auto found = require_thing_group(in, *group);
        return found ? std::nullopt : std::optional(found.error());
    }
    return invalid_request("targets: '" + arn +
                           "' is not the ARN of a thing or thing group of account " +
                           in.identity.account + " and region " + in.identity.region + ".");
}

}  // namespace

std::optional<api_error> check_job_configs(const json::object& definition) {
    for (const auto name : job_configs) {
        const auto* const config = object_member(definition, name);
        if (config == nullptr) {
            continue;
        }
        if (auto wrong = refused(check_config(name, *config))) {
            return wrong;
        }
    }
    return std::nullopt;
}

std::optional<api_error> check_job_targets(registry& in, const std::vector<std::string>& targets) {
    if (targets.empty() || targets.size() > most_targets) {
        return invalid_request("targets must name 1 to 100 things and thing groups.");
    }
    const auto hold = in.state.db().lock();
    for (const auto& each : targets) {
        if (auto wrong = check_target(in, each)) {
            return wrong;
        }
    }
    return std::nullopt;
}

std::vector<std::string> job_targets(const call& from) {
    std::vector<std::string> targets;
    std::set<std::string> named;
    if (const auto* const list = array_member(from.input, "targets")) {
        for (const auto& each : *list) {
            std::string arn(each.as_string());
            if (named.insert(arn).second) {
                targets.push_back(std::move(arn));
            }
        }
    }
    return targets;
}

answer<job_record> require_job(store& state, std::string_view id) {
    auto found = find_job(state, id);
    if (!found) {
        return internal_error(found.error());
    }
    if (!*found) {
        return resource_not_found("Job " + std::string(id) + " does not exist.");
    }
    return std::move(**found);
}

answer<named_execution> require_execution(store& state, const call& from) {
    const auto thing = required_text(from, "thingName");
    auto job = require_job(state, required_text(from, "jobId"));
    if (!job) {
        return job.error();
    }
    auto found =
        find_execution(state, job->sequence, thing, int_member(from.input, "executionNumber"));
    if (!found) {
        return internal_error(found.error());
    }
    if (!*found) {
        return resource_not_found("Thing " + thing + " has no such execution of job " + job->id +
                                  ".");
    }
    return named_execution{std::move(*job), std::move(**found)};
}

json::object job_names(const registry& in, const job_record& job) {
    json::object names = {{"jobArn", job_arn(in, job.id)}, {"jobId", job.id}};
    if (const auto description = string_member(job.definition, "description")) {
        names["description"] = *description;
    }
    return names;
}

}  // namespace iot

std::string job_arn(const registry& in, std::string_view id) {
    return in.identity.iot_arn("job/" + std::string(id));
}

api_result make_job(const job_parts& in, new_job wanted) {
    if (auto wrong = iot::check_job_configs(wanted.definition)) {
        return *wrong;
    }
    if (auto checked = jobs::check_document(wanted.document); !checked) {
        return iot::invalid_request(checked.error().context + ".");
    }
    if (jobs::has_presigned_urls(wanted.document) &&
        !wanted.definition.contains("presignedUrlConfig")) {
        return iot::invalid_request(
            "document has the placeholder ${aws:iot:s3-presigned-url:…}, which needs "
            "presignedUrlConfig.");
    }
    if (auto wrong = iot::check_job_targets(in.in, wanted.targets)) {
        return *wrong;
    }
    return in.service.perform([&](job_changes& changes) -> api_result {
        const auto there = find_job(changes.state(), wanted.id);
        if (!there) {
            return internal_error(there.error());
        }
        if (*there) {
            return api_error{
                409,
                "ResourceAlreadyExistsException",
                "Job " + wanted.id + " already exists.",
                {{"resourceId", wanted.id}, {"resourceArn", job_arn(in.in, wanted.id)}}};
        }
        job_record job;
        job.id = wanted.id;
        job.definition = wanted.definition;
        job.document = wanted.document;
        const auto made = changes.create(std::move(job), wanted.targets);
        if (!made) {
            return internal_error(made.error());
        }
        if (auto refused = iot::add_tags(in.in, job_arn(in.in, wanted.id), &wanted.tags)) {
            return *refused;
        }
        return reply{iot::job_names(in.in, *made)};
    });
}

}  // namespace evergrass::cloud
