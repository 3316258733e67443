#pragma once

#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

// What AttachPolicy and its older form AttachPrincipalPolicy do alike. The target is a
// certificate's ARN; thing groups and Cognito identities are not of this build.
api_result attach_policy_to(registry& in, const std::string& policy, const std::string& target);
api_result detach_policy_from(registry& in, const std::string& policy, const std::string& target);

}  // namespace evergrass::cloud::iot
