#include "cloud/secrets/operations.hpp"
#include "libs/base/encoding.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {
namespace {

constexpr std::int64_t day_of_access = 24 * 60 * 60 * 1000;

bool has_stage(const version_record& version, const std::string& stage) {
    return std::ranges::find(version.stages, stage) != version.stages.end();
}

answer<version_record> wanted_version(secret_registry& in, const secret_record& secret,
                                      const call& from) {
    auto versions = versions_of(in, secret.arn);
    if (!versions) {
        return versions.error();
    }
    const auto id = string_member(from.input, "VersionId");
    const auto stage = string_member(from.input, "VersionStage");
    const auto label = stage.value_or(std::string(current));
    for (auto& version : *versions) {
        const bool is_it = id ? version.id == *id : has_stage(version, label);
        if (!is_it) {
            continue;
        }
        if (id && stage && !has_stage(version, *stage)) {
            return invalid_request(
                "You provided a VersionStage that is not associated to the "
                "provided VersionId.");
        }
        return std::move(version);
    }
    return not_found("Secrets Manager can't find the specified secret value for " +
                     (id ? "VersionId: " + *id : "staging label: " + label));
}

// The day is enough, as for AWS: no write for each read.
answer<void> note_access(secret_registry& in, const secret_record& secret,
                         const version_record& version) {
    const auto today = now_milliseconds(in) / day_of_access * day_of_access;
    if (secret.accessed_at == today && version.accessed_at == today) {
        return {};
    }
    auto changed = secret;
    changed.accessed_at = today;
    if (auto noted = write_secret(in, changed); !noted) {
        return noted;
    }
    return written(
        in.state.db().run("secrets.version_accessed",
                          "UPDATE secret_versions SET accessed_at = ?3 WHERE arn = ?1 AND id = ?2",
                          {secret.arn, version.id, today}));
}

}  // namespace

api_result get_secret_value(secret_registry& in, const call& from) {
    const auto secret = requested_secret(in, from);
    if (!secret) {
        return secret.error();
    }
    const auto version = wanted_version(in, *secret, from);
    if (!version) {
        return version.error();
    }
    const auto value = open_value(in, secret->arn, version->id);
    if (!value) {
        return value.error();
    }
    if (auto noted = note_access(in, *secret, *version); !noted) {
        return noted.error();
    }
    json::object output{{"ARN", secret->arn},
                        {"Name", secret->name},
                        {"VersionId", version->id},
                        {"VersionStages", as_array(version->stages)},
                        {"CreatedDate", as_seconds(version->created_at)}};
    if (value->is_binary) {
        output["SecretBinary"] = base64_encode(value->bytes);
    } else {
        output["SecretString"] = value->bytes;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::secrets
