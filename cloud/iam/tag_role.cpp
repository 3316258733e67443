#include "cloud/iam/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iam {

api_result tag_role(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto set =
        set_tags(in.state, role_arn(in, *role), tags_from_list(array_member(from.input, "Tags")));
    return without_output(done(set));
}

}  // namespace evergrass::cloud::iam
