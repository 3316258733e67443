#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result delete_role_policy(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto name = string_member(from.input, "PolicyName").value_or("");
    return remove_one(in, "iam.delete_role_policy",
                      "DELETE FROM iam_role_policies WHERE role = ?1 AND name = ?2",
                      {role->name, name}, no_such_role_policy(name));
}

}  // namespace evergrass::cloud::iam
