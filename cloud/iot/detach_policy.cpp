#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_targets.hpp"

namespace evergrass::cloud::iot {

api_result detach_policy(registry& in, const call& from) {
    return detach_policy_from(in, required_text(from, "policyName"), required_text(from, "target"));
}

}  // namespace evergrass::cloud::iot
