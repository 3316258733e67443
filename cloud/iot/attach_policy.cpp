#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_targets.hpp"

namespace evergrass::cloud::iot {

api_result attach_policy(registry& in, const call& from) {
    return attach_policy_to(in, required_text(from, "policyName"), required_text(from, "target"));
}

}  // namespace evergrass::cloud::iot
