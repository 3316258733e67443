#include "cloud/secrets/operations.hpp"

namespace evergrass::cloud::secrets {
namespace {

constexpr std::int64_t day = 24 * 60 * 60 * 1000;
constexpr std::int64_t default_window = 30;

reply deleted(const std::string& arn, const std::string& name, std::int64_t when) {
    return reply{{{"ARN", arn}, {"Name", name}, {"DeletionDate", as_seconds(when)}}};
}

}  // namespace

// Keeps the secret, which only DescribeSecret and RestoreSecret see, for the days of recovery;
// without them it is gone at once.
api_result delete_secret(secret_registry& in, const call& from) {
    const auto window = int_member(from.input, "RecoveryWindowInDays");
    const bool at_once = bool_member(from.input, "ForceDeleteWithoutRecovery").value_or(false);
    if (window && at_once) {
        return invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with "
            "RecoveryWindowInDays.");
    }
    if (window && (*window < 7 || *window > 30)) {
        return invalid_parameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
    }
    const auto id = string_member(from.input, "SecretId").value_or("");
    const auto now = now_milliseconds(in);
    auto found = find_secret(in, id);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return at_once ? api_result(deleted(id, id, now)) : api_result(not_found());
    }
    auto& secret = **found;
    if (at_once) {
        auto purged = purge_secret(in, secret.arn);
        return purged ? api_result(deleted(secret.arn, secret.name, now))
                      : api_result(purged.error());
    }
    if (secret.deleted_at) {
        return invalid_request(
            "You can't perform this operation on the secret because it was already scheduled for "
            "deletion.");
    }
    secret.deleted_at = now;
    secret.purge_at = now + window.value_or(default_window) * day;
    if (auto noted = write_secret(in, secret); !noted) {
        return noted.error();
    }
    return deleted(secret.arn, secret.name, *secret.purge_at);
}

}  // namespace evergrass::cloud::secrets
