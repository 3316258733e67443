#include "cloud/iam/operations.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud::iam {

api_result get_role_policy(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto name = string_member(from.input, "PolicyName").value_or("");
    std::optional<std::string> document;
    const auto read = in.state.db().query(
        "iam.get_role_policy",
        "SELECT document FROM iam_role_policies WHERE role = ?1 AND name = ?2", {role->name, name},
        [&](const db::row& row) { document = row.text(0); });
    if (!read) {
        return internal_error(read.error());
    }
    if (!document) {
        return no_such_role_policy(name);
    }
    return reply{{{"RoleName", role->name},
                  {"PolicyName", name},
                  {"PolicyDocument", percent_encode(*document)}}};
}

}  // namespace evergrass::cloud::iam
