#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result attach_role_policy(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto arn = string_member(from.input, "PolicyArn").value_or("");
    if (!is_managed_by_aws(arn)) {
        if (const auto policy = requested_policy(in, from); !policy) {
            return policy.error();
        }
    }
    return without_output(done(in.state.db().run(
        "iam.attach", "INSERT OR IGNORE INTO iam_attachments(role, policy_arn) VALUES(?1, ?2)",
        {role->name, arn})));
}

}  // namespace evergrass::cloud::iam
