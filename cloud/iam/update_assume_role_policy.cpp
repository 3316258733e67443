#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result update_assume_role_policy(iam_registry& in, const call& from) {
    auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    auto trust = requested_document(from, "PolicyDocument");
    if (!trust) {
        return trust.error();
    }
    role->trust = std::move(*trust);
    return without_output(write_role(in, *role));
}

}  // namespace evergrass::cloud::iam
