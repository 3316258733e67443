#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result get_policy(iam_registry& in, const call& from) {
    const auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    auto output = shown(in, *policy);
    return output ? api_result(reply{{{"Policy", std::move(*output)}}})
                  : api_result(output.error());
}

}  // namespace evergrass::cloud::iam
