#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"

namespace evergrass::cloud::iot {
namespace {

constexpr std::int64_t most_versions = 5;  // spec/cloud.md §4.1

std::optional<api_error> check_room(registry& in, const std::string& name) {
    const auto full = exists(in, "iot.policy_is_full",
                             "SELECT count(*) >= ?2 FROM policy_versions WHERE policy = ?1",
                             {name, most_versions});
    if (!full) {
        return full.error();
    }
    if (*full) {
        return api_error{409,
                         "VersionsLimitExceededException",
                         "The policy " + name + " already has the maximum number of versions (" +
                             std::to_string(most_versions) + ")",
                         {}};
    }
    return std::nullopt;
}

}  // namespace

api_result create_policy_version(registry& in, const call& from) {
    const auto document = required_text(from, "policyDocument");
    const bool as_default = bool_member(from.input, "setAsDefault").value_or(false);
    if (auto malformed = check_policy_document(document)) {
        return *malformed;
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, required_text(from, "policyName"));
        if (!found) {
            return found.error();
        }
        if (auto full = check_room(in, found->name)) {
            return *full;
        }
        const auto version = found->last_version + 1;
        if (auto failed = insert_policy_version(in, found->name, version, document)) {
            return *failed;
        }
        if (auto failed =
                write(in, "iot.set_last_policy_version",
                      "UPDATE policies SET last_version = ?2, default_version = ?3,"
                      " updated_at = ?4 WHERE name = ?1",
                      {found->name, version, as_default ? version : found->default_version,
                       now_milliseconds(in)})) {
            return *failed;
        }
        return reply{{{"policyArn", policy_arn(in, found->name)},
                      {"policyDocument", document},
                      {"policyVersionId", std::to_string(version)},
                      {"isDefaultVersion", as_default}}};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
