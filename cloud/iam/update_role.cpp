#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result update_role(iam_registry& in, const call& from) {
    auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    if (const auto description = string_member(from.input, "Description")) {
        role->description = *description;
    }
    if (const auto seconds = int_member(from.input, "MaxSessionDuration")) {
        role->max_session_seconds = *seconds;
    }
    return without_output(write_role(in, *role));
}

}  // namespace evergrass::cloud::iam
