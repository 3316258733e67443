#include "cloud/gateway/session_credentials.hpp"
#include "cloud/iam/operations.hpp"
#include "libs/base/arn.hpp"

#include <chrono>

namespace evergrass::cloud::iam {
namespace {

constexpr std::int64_t default_seconds = 3600;

// The role of this account that the ARN names, by whichever path.
answer<std::optional<role_record>> named_role(iam_registry& in, const std::string& text) {
    const auto arn = parse_arn(text);
    const auto slash = arn ? arn->resource.rfind('/') : std::string::npos;
    if (!arn || arn->service != "iam" || slash == std::string::npos) {
        return api_error{400, "ValidationError", text + " is invalid"};
    }
    auto role = find_role(in, arn->resource.substr(slash + 1));
    if (role && *role && role_arn(in, **role) != text) {
        return std::optional<role_record>();
    }
    return role;
}

}  // namespace

// Temporary credentials that read, as a group's role has them (docs/credentials.md). The role's
// trust policy is not asked: every access key of this service may take each of its roles.
api_result assume_role(iam_registry& in, const call& from) {
    const auto wanted = string_member(from.input, "RoleArn").value_or("");
    const auto role = named_role(in, wanted);
    if (!role) {
        return role.error();
    }
    if (!*role) {
        return api_error{403, "AccessDenied",
                         "User is not authorized to perform: sts:AssumeRole on resource: " +
                             wanted + " (no such role; create it with iam create-role)"};
    }
    const auto seconds = int_member(from.input, "DurationSeconds").value_or(default_seconds);
    if (seconds > (*role)->max_session_seconds) {
        return api_error{
            400, "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
            "role."};
    }
    const auto name = string_member(from.input, "RoleSessionName").value_or("");
    const session who{wanted, name,
                      wall_time(std::chrono::seconds(to_epoch_seconds(in.time.now()) + seconds))};
    const auto made = create_session(in.state, who);
    if (!made) {
        return internal_error(made.error());
    }
    return reply{{{"Credentials",
                   {{"AccessKeyId", made->key.id},
                    {"SecretAccessKey", made->key.secret},
                    {"SessionToken", made->token},
                    {"Expiration", to_epoch_seconds(who.expires)}}},
                  {"AssumedRoleUser",
                   {{"AssumedRoleId", (*role)->id + ":" + name}, {"Arn", who.to_arn()}}}}};
}

}  // namespace evergrass::cloud::iam
