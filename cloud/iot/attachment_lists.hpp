#pragma once

#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

// The policies of a target, and the targets of a policy: each is asked for by two operations, of
// which the older one has other names.
api_result list_policies_of(registry& in, const call& from, const std::string& target);
api_result list_targets_of(registry& in, const call& from, std::string_view output_member);

}  // namespace evergrass::cloud::iot
