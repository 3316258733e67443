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
    const auto written = write_role(in, *role);
    return written ? api_result(reply{}) : api_result(written.error());
}

}  // namespace evergrass::cloud::iam
