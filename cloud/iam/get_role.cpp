#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result get_role(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    return reply{{{"Role", shown(in, *role)}}};
}

}  // namespace evergrass::cloud::iam
