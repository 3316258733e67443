#include "cloud/iam/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iam {

api_result untag_role(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    for (const auto& key : *array_member(from.input, "TagKeys")) {
        const auto dropped = drop_tag(in.state, role_arn(in, *role), key.as_string());
        if (!dropped) {
            return internal_error(dropped.error());
        }
    }
    return reply{};
}

}  // namespace evergrass::cloud::iam
