#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/gateway/validation.hpp"

#include <string_view>
#include <vector>

namespace evergrass::cloud {

// What is wrong with an input, told as the service tells it (spec/cloud.md §1.4): each names the
// member.
api_error refusal(std::string_view service, const std::vector<violation>& violations);

// The service's own code for an internal fault.
std::string_view internal_code(std::string_view service);

// 421: the service's API is at another endpoint (--upstream).
api_error served_elsewhere(std::string_view service, std::string_view url);

}  // namespace evergrass::cloud
