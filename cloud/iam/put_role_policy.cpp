#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result put_role_policy(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto document = requested_document(from, "PolicyDocument");
    if (!document) {
        return document.error();
    }
    return without_output(done(in.state.db().run(
        "iam.put_role_policy",
        "INSERT OR REPLACE INTO iam_role_policies(role, name, document) VALUES(?1, ?2, ?3)",
        {role->name, string_member(from.input, "PolicyName").value_or(""), *document})));
}

}  // namespace evergrass::cloud::iam
