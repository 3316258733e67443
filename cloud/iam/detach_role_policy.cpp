#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result detach_role_policy(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto arn = string_member(from.input, "PolicyArn").value_or("");
    return remove_one(in, "iam.detach",
                      "DELETE FROM iam_attachments WHERE role = ?1 AND policy_arn = ?2",
                      {role->name, arn}, no_such_entity("Policy " + arn + " was not found."));
}

}  // namespace evergrass::cloud::iam
