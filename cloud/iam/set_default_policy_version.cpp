#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result set_default_policy_version(iam_registry& in, const call& from) {
    auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    const auto id = string_member(from.input, "VersionId").value_or("");
    const auto number = version_number(id).value_or(0);
    bool there = false;
    const auto read = in.state.db().query(
        "iam.has_version", "SELECT 1 FROM iam_policy_versions WHERE arn = ?1 AND version = ?2",
        {policy->arn, number}, [&](const db::row&) { there = true; });
    if (!read) {
        return internal_error(read.error());
    }
    if (!there) {
        return no_such_version(*policy, id);
    }
    policy->default_version = number;
    policy->updated_at = now_milliseconds(in);
    return without_output(write_policy(in, *policy));
}

}  // namespace evergrass::cloud::iam
