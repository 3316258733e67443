#pragma once

#include "cloud/iot/records.hpp"

#include <optional>
#include <string>
#include <string_view>

// Tags of the registry's resources. The caller holds the store's lock.
namespace evergrass::cloud::iot {

// nullopt: the ARN is of a thing group, thing type, policy, job or CA certificate that is there;
// else the refusal.
std::optional<api_error> check_taggable(registry& in, const std::string& arn);

// Sets the list [{"Key", "Value"}, …] on a resource that is there; null changes nothing.
std::optional<api_error> add_tags(registry& in, const std::string& arn, const json::array* tags);

}  // namespace evergrass::cloud::iot
