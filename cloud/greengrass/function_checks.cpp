#include "cloud/greengrass/element_checks.hpp"
#include "cloud/greengrass/records.hpp"
#include "libs/base/arn.hpp"

namespace evergrass::cloud::greengrass {
namespace {

// The guide says 10 on one page and 20 on another (spec/cloud.md §1.3).
constexpr std::size_t most_resources = 20;

std::optional<std::string> arn_fault(const std::string& text) {
    const auto arn = parse_function_arn(text);
    if (!arn) {
        return "FunctionArn '" + text + "' is not the ARN of a function";
    }
    if (arn->account.empty()) {
        return std::nullopt;  // a system function
    }
    if (arn->qualifier.empty() || arn->qualifier == "$LATEST") {
        return "FunctionArn '" + text + "' must end with a numbered version or an alias";
    }
    return std::nullopt;
}

std::optional<std::string> execution_fault(const json::object* execution) {
    if (execution == nullptr) {
        return std::nullopt;
    }
    const auto mode = string_member(*execution, "IsolationMode");
    if (mode && *mode != "GreengrassContainer" && *mode != "NoContainer") {
        return "IsolationMode '" + *mode + "' is neither GreengrassContainer nor NoContainer";
    }
    if (const auto* identity = object_member(*execution, "RunAs")) {
        for (const auto* member : {"Uid", "Gid"}) {
            if (int_member(*identity, member).value_or(0) < 0) {
                return std::string(member) + " of RunAs is negative";
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string> environment_fault(const json::object& environment) {
    if (const auto* access = array_member(environment, "ResourceAccessPolicies")) {
        if (access->size() > most_resources) {
            return "more than " + std::to_string(most_resources) + " resources";
        }
        for (const auto& each : *access) {
            const auto* policy = each.if_object();
            const auto id = policy ? string_member(*policy, "ResourceId").value_or("") : "";
            if (!is_element_id(id)) {
                return "ResourceId '" + id + "' is not the ID of a resource";
            }
            const auto permission = policy ? string_member(*policy, "Permission") : std::nullopt;
            if (permission && *permission != "ro" && *permission != "rw") {
                return "Permission '" + *permission + "' is neither ro nor rw";
            }
        }
    }
    return execution_fault(object_member(environment, "Execution"));
}

std::optional<std::string> configuration_fault(const json::object& configuration) {
    const auto encoding = string_member(configuration, "EncodingType");
    if (encoding && *encoding != "json" && *encoding != "binary") {
        return "EncodingType '" + *encoding + "' is neither json nor binary";
    }
    if (int_member(configuration, "Timeout").value_or(1) < 1) {
        return "Timeout must be 1 second or more";
    }
    if (int_member(configuration, "MemorySize").value_or(0) < 0) {
        return "MemorySize is negative";
    }
    if (const auto* environment = object_member(configuration, "Environment")) {
        return environment_fault(*environment);
    }
    return std::nullopt;
}

void check_function(const json::object& function, std::vector<std::string>& faults) {
    const auto note = [&](const std::optional<std::string>& fault) {
        if (fault) {
            faults.push_back("Function with ID '" + string_member(function, "Id").value_or("") +
                             "': " + *fault);
        }
    };
    if (const auto arn = string_member(function, "FunctionArn")) {
        note(arn_fault(*arn));
    }
    if (const auto* configuration = object_member(function, "FunctionConfiguration")) {
        note(configuration_fault(*configuration));
    }
}

}  // namespace

std::optional<api_error> check_functions(const json::object& content) {
    const auto elements = elements_of(content, "Functions");
    auto faults = id_faults(elements);
    for (const auto* function : elements) {
        check_function(*function, faults);
    }
    if (const auto* defaults = object_member(content, "DefaultConfig")) {
        if (auto fault = execution_fault(object_member(*defaults, "Execution"))) {
            faults.push_back("DefaultConfig: " + *fault);
        }
    }
    if (faults.empty()) {
        return std::nullopt;
    }
    return invalid_definition("The lambdas definition is invalid.", faults);
}

}  // namespace evergrass::cloud::greengrass
