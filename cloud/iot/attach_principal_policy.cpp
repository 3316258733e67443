#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_targets.hpp"

namespace evergrass::cloud::iot {

api_result attach_principal_policy(registry& in, const call& from) {
    return attach_policy_to(in, required_text(from, "policyName"),
                            required_text(from, "principal"));
}

}  // namespace evergrass::cloud::iot
