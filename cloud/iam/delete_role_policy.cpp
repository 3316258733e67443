#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result delete_role_policy(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto name = string_member(from.input, "PolicyName").value_or("");
    const auto gone = in.state.db().run(
        "iam.delete_role_policy", "DELETE FROM iam_role_policies WHERE role = ?1 AND name = ?2",
        {role->name, name});
    if (!gone) {
        return internal_error(gone.error());
    }
    if (in.state.db().changes() == 0) {
        return no_such_entity("The role policy with name " + name + " cannot be found.");
    }
    return reply{};
}

}  // namespace evergrass::cloud::iam
