#pragma once

#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

// What AttachPolicy and its older form AttachPrincipalPolicy do alike. The target is the ARN of a
// certificate or a thing group; Cognito identities are not of this build.
api_result attach_policy_to(registry& in, const std::string& policy, const std::string& target);
api_result detach_policy_from(registry& in, const std::string& policy, const std::string& target);

// The ARN itself, of a certificate or thing group that exists.
answer<std::string> require_policy_target(registry& in, const std::string& arn);

}  // namespace evergrass::cloud::iot
