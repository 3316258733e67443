#include "cloud/lambda/configuration.hpp"

namespace evergrass::cloud::lambda {
namespace {

// Functions for Greengrass that are programs, not handlers of a language.
constexpr std::string_view executable = "arn:aws:greengrass:::runtime/function/executable";

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "python3.11": `before`, a number, `between`, a number.
bool is_versioned(std::string_view runtime, std::string_view before) {
    if (!runtime.starts_with(before)) {
        return false;
    }
    runtime.remove_prefix(before.size());
    const auto dot = runtime.find('.');
    if (dot == std::string_view::npos) {
        return false;
    }
    const auto minor = runtime.substr(dot + 1);
    return is_digits(runtime.substr(0, dot)) && (is_digits(minor) || minor == "x");
}

// "java8", "java21".
bool is_java(std::string_view runtime) {
    return runtime == "java8.al2" || (runtime.starts_with("java") &&
                                      is_digits(runtime.substr(std::string_view("java").size())));
}

// V1's runtimes and whatever came and comes after them by the same scheme: python3.13, nodejs22.x.
bool is_runtime(std::string_view runtime) {
    return runtime == executable || is_versioned(runtime, "python") ||
           is_versioned(runtime, "nodejs") || is_java(runtime);
}

std::optional<api_error> check_range(const json::object& configuration, std::string_view member,
                                     std::int64_t least, std::int64_t most) {
    const auto number = int_member(configuration, member).value_or(least);
    if (number >= least && number <= most) {
        return std::nullopt;
    }
    return invalid_parameter(std::string(member) + " must be between " + std::to_string(least) +
                             " and " + std::to_string(most) + ", not " + std::to_string(number) +
                             ".");
}

std::optional<api_error> check_environment(const json::object& configuration) {
    const auto* environment = object_member(configuration, "Environment");
    const auto* variables =
        environment != nullptr ? object_member(*environment, "Variables") : nullptr;
    if (variables == nullptr) {
        return std::nullopt;
    }
    std::size_t size = 0;
    for (const auto& [name, value] : *variables) {
        if (!value.is_string()) {
            return invalid_parameter("Environment variable " + std::string(name) +
                                     " must be a string.");
        }
        size += name.size() + value.get_string().size();
    }
    constexpr std::size_t most = 4096;
    if (size > most) {
        return invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit.");
    }
    return std::nullopt;
}

answer<json::object> checked(json::object configuration) {
    const auto runtime = string_member(configuration, "Runtime").value_or("");
    const auto handler = string_member(configuration, "Handler").value_or("");
    if (runtime.empty() || handler.empty()) {
        return invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment "
            "packages.");
    }
    if (!is_runtime(runtime)) {
        return invalid_parameter(
            "Value " + runtime +
            " at 'runtime' failed to satisfy constraint: it must be pythonX.Y, "
            "nodejsX.Y, nodejsX.x, javaX or " +
            std::string(executable) + ".");
    }
    if (auto wrong = check_range(configuration, "Timeout", 1, 900)) {
        return *wrong;
    }
    if (auto wrong = check_range(configuration, "MemorySize", 128, 10'240)) {
        return *wrong;
    }
    if (auto wrong = check_environment(configuration)) {
        return *wrong;
    }
    return configuration;
}

}  // namespace

answer<json::object> new_configuration(const json::object& input) {
    json::object fresh = {
        {"Description", ""}, {"Timeout", 3}, {"MemorySize", 128}, {"Architectures", {"x86_64"}}};
    if (const auto* architectures = array_member(input, "Architectures")) {
        fresh["Architectures"] = *architectures;
    }
    return updated_configuration(std::move(fresh), input);
}

answer<json::object> updated_configuration(json::object before, const json::object& input) {
    static constexpr std::string_view members[] = {"Runtime", "Handler",    "Role",
                                                   "Timeout", "MemorySize", "Description"};
    for (const auto name : members) {
        if (const auto* value = input.if_contains(name)) {
            before[name] = *value;
        }
    }
    if (const auto* environment = object_member(input, "Environment")) {
        const auto* variables = object_member(*environment, "Variables");
        before.erase("Environment");
        if (variables != nullptr && !variables->empty()) {
            before["Environment"] = {{"Variables", *variables}};
        }
    }
    return checked(std::move(before));
}

}  // namespace evergrass::cloud::lambda
