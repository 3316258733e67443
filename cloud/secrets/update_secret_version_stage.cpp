#include "cloud/secrets/operations.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {
namespace {

const version_record* holder_of(const std::vector<version_record>& versions,
                                const std::string& stage) {
    const auto found = std::ranges::find_if(versions, [&](const version_record& v) {
        return std::ranges::find(v.stages, stage) != v.stages.end();
    });
    return found == versions.end() ? nullptr : &*found;
}

std::optional<api_error> refusal(const std::vector<version_record>& versions,
                                 const std::string& stage, const std::string& from,
                                 const std::string& to) {
    const auto* holder = holder_of(versions, stage);
    if (!from.empty() && (holder == nullptr || holder->id != from)) {
        return invalid_parameter(
            "The parameter RemoveFromVersionId does not name the version that "
            "the staging label " +
            stage + " is attached to.");
    }
    if (from.empty() && holder != nullptr && holder->id != to) {
        return invalid_parameter(
            "The parameter RemoveFromVersionId can't be empty. Staging label " + stage +
            " is currently attached to version " + holder->id +
            ", so you must explicitly reference that version in RemoveFromVersionId.");
    }
    if (to.empty() && stage == current) {
        return invalid_parameter(
            "You can only move staging label AWSCURRENT to a different secret "
            "version. It can't be completely removed.");
    }
    if (!to.empty() && std::ranges::find(versions, to, &version_record::id) == versions.end()) {
        return not_found("Secrets Manager can't find the specified secret value for VersionId: " +
                         to);
    }
    return std::nullopt;
}

}  // namespace

api_result update_secret_version_stage(secret_registry& in, const call& from) {
    const auto secret = requested_secret(in, from);
    if (!secret) {
        return secret.error();
    }
    const auto versions = versions_of(in, secret->arn);
    if (!versions) {
        return versions.error();
    }
    const auto stage = string_member(from.input, "VersionStage").value_or("");
    const auto old = string_member(from.input, "RemoveFromVersionId").value_or("");
    const auto next = string_member(from.input, "MoveToVersionId").value_or("");
    if (auto refused = refusal(*versions, stage, old, next)) {
        return *refused;
    }
    const auto done =
        next.empty()
            ? written(in.state.db().run("secrets.remove_stage",
                                        "DELETE FROM secret_stages WHERE arn = ?1 AND stage = ?2",
                                        {secret->arn, stage}))
            : move_stage(in, secret->arn, stage, next);
    if (!done) {
        return done.error();
    }
    auto changed = *secret;
    changed.changed_at = now_milliseconds(in);
    if (auto noted = write_secret(in, changed); !noted) {
        return noted.error();
    }
    return reply{{{"ARN", secret->arn}, {"Name", secret->name}}};
}

}  // namespace evergrass::cloud::secrets
