#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result delete_policy_version(iam_registry& in, const call& from) {
    const auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    const auto id = string_member(from.input, "VersionId").value_or("");
    const auto number = version_number(id);
    if (number == policy->default_version) {
        return delete_conflict("Cannot delete the default version of a policy.");
    }
    return remove_one(in, "iam.delete_version",
                      "DELETE FROM iam_policy_versions WHERE arn = ?1 AND version = ?2",
                      {policy->arn, number.value_or(0)}, no_such_version(*policy, id));
}

}  // namespace evergrass::cloud::iam
