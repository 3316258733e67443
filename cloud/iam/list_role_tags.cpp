#include "cloud/iam/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iam {

api_result list_role_tags(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    const auto tags = tags_of(in.state, role_arn(in, *role));
    if (!tags) {
        return internal_error(tags.error());
    }
    return reply{{{"Tags", tags_as_list(*tags)}, {"IsTruncated", false}}};
}

}  // namespace evergrass::cloud::iam
