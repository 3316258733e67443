#include "cloud/lambda/aliases.hpp"

namespace evergrass::cloud::lambda {

std::optional<api_error> check_alias_target(function_registry& in, const std::string& function,
                                            const std::string& version, const json::object& input) {
    const auto* routing = object_member(input, "RoutingConfig");
    const auto* weights =
        routing != nullptr ? object_member(*routing, "AdditionalVersionWeights") : nullptr;
    if (weights != nullptr && !weights->empty()) {
        return invalid_parameter(
            "RoutingConfig: an alias of this service points at one version only.");
    }
    const auto found = require_qualified(in, {function, version});
    return found ? std::nullopt : std::optional(found.error());
}

answer<alias_record> require_alias(function_registry& in, const std::string& function,
                                   const std::string& name) {
    auto found = find_alias(in, function, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("Cannot find alias arn: " + function_arn_of(in, function, name));
    }
    return std::move(**found);
}

}  // namespace evergrass::cloud::lambda
