#pragma once

#include "cloud/lambda/functions.hpp"

namespace evergrass::cloud::lambda {

// What CreateAlias and UpdateAlias check alike: the version exists, and no traffic is split, which
// Greengrass never did.
std::optional<api_error> check_alias_target(function_registry& in, const std::string& function,
                                            const std::string& version, const json::object& input);

answer<alias_record> require_alias(function_registry& in, const std::string& function,
                                   const std::string& name);

}  // namespace evergrass::cloud::lambda
