#include "cloud/greengrass/resolve_functions.hpp"

#include <set>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

// spec/core.md §5
constexpr std::int64_t default_timeout_seconds = 3;
constexpr std::int64_t default_memory_kb = 16384;

const json::object& empty_object() {
    static const json::object empty;
    return empty;
}

// A member that is an object, or an empty one.
const json::object& inner(const json::object& object, std::string_view member) {
    const auto* found = object_member(object, member);
    return found != nullptr ? *found : empty_object();
}

std::optional<std::int64_t> run_as_half(const json::object& execution,
                                        const json::object& group_execution,
                                        std::string_view member) {
    const auto own = int_member(inner(execution, "RunAs"), member);
    return own ? own : int_member(inner(group_execution, "RunAs"), member);
}

void set_execution(const json::object& execution, const json::object& group_execution,
                   contract::function& out) {
    auto mode = string_member(execution, "IsolationMode");
    if (!mode) {
        mode = string_member(group_execution, "IsolationMode");
    }
    out.isolation_mode = mode == "NoContainer" ? contract::isolation::no_container
                                               : contract::isolation::greengrass_container;
    out.identity = {run_as_half(execution, group_execution, "Uid"),
                    run_as_half(execution, group_execution, "Gid")};
}

void set_environment(const json::object& environment, contract::function& out) {
    for (const auto& variable : inner(environment, "Variables")) {
        if (const auto* value = variable.value().if_string()) {
            out.variables.emplace_back(variable.key(), *value);
        }
    }
    if (const auto* access = array_member(environment, "ResourceAccessPolicies")) {
        for (const auto& each : *access) {
            if (const auto* policy = each.if_object()) {
                out.resources.push_back({string_member(*policy, "ResourceId").value_or(""),
                                         string_member(*policy, "Permission").value_or("")});
            }
        }
    }
    out.access_sysfs = bool_member(environment, "AccessSysfs").value_or(false);
}

// The group's side of a function.
contract::function configured(const json::object& element, const json::object& group_execution) {
    contract::function out;
    out.id = string_member(element, "Id").value_or("");
    const auto& configuration = inner(element, "FunctionConfiguration");
    out.pinned = bool_member(configuration, "Pinned").value_or(false);
    out.timeout_seconds = int_member(configuration, "Timeout").value_or(default_timeout_seconds);
    out.memory_size_kb = int_member(configuration, "MemorySize").value_or(default_memory_kb);
    out.encoding_type = string_member(configuration, "EncodingType") == "binary"
                            ? contract::encoding::binary
                            : contract::encoding::json;
    out.executable = string_member(configuration, "Executable").value_or("");
    out.exec_args = string_member(configuration, "ExecArgs").value_or("");
    out.runtime = string_member(configuration, "FunctionRuntimeOverride").value_or("");
    const auto& environment = inner(configuration, "Environment");
    set_environment(environment, out);
    set_execution(inner(environment, "Execution"), group_execution, out);
    return out;
}

// Lambda's side of it.
void set_code(const published_version& version, contract::function& out) {
    const auto& configuration = version.configuration;
    out.arn = version.arn;
    if (out.runtime.empty()) {
        out.runtime = string_member(configuration, "Runtime").value_or("");
    }
    out.handler = string_member(configuration, "Handler").value_or("");
    out.description = string_member(configuration, "Description").value_or("");
    out.code_sha256 = string_member(configuration, "CodeSha256").value_or("");
    out.artifact = version.blob;
    out.code_size = version.code_size;
}

bool is_local(const json::object& resource) {
    const auto& container = inner(resource, "ResourceDataContainer");
    return container.contains("LocalDeviceResourceData") ||
           container.contains("LocalVolumeResourceData");
}

void check_resources(const group_contents& contents, const contract::function& function,
                     build_log& log) {
    for (const auto& access : function.resources) {
        const json::object* found = nullptr;
        for (const auto* resource : contents.elements("resources")) {
            if (string_member(*resource, "Id") == access.resource_id) {
                found = resource;
            }
        }
        if (found == nullptr) {
            log.fault("ResourceNotFound",
                      "Function '" + function.id + "' refers to resource '" + access.resource_id +
                          "', which the group's resource definition does not have.");
        } else if (function.isolation_mode == contract::isolation::no_container &&
                   is_local(*found)) {
            log.fault("ResourceNotAllowed",
                      "Function '" + function.id +
                          "' runs in NoContainer mode and refers to the "
                          "local resource '" +
                          access.resource_id +
                          "'; it opens host paths itself, so remove the access policy.");
        }
    }
}

}  // namespace

resolved_functions resolve_functions(greengrass_services& in, const group_contents& contents,
                                     const upstream_finds& finds, build_log& log) {
    resolved_functions resolved;
    std::set<std::string> seen;
    const auto group_execution = contents.default_execution();
    for (const auto* element : contents.elements("functions")) {
        auto function = configured(*element, group_execution);
        const auto named = string_member(*element, "FunctionArn").value_or("");
        if (is_system_function(named)) {
            function.arn = named;
        } else {
            const auto lookup = find_published_version(in, finds, named);
            if (!log.read(lookup)) {
                return resolved;
            }
            if (!lookup->found) {
                log.fault("FunctionNotFound", lookup->reason);
                continue;
            }
            set_code(*lookup->found, function);
        }
        if (!seen.insert(function.arn).second) {
            log.fault("DuplicateFunction", "The group has '" + function.arn + "' more than once.");
            continue;
        }
        check_resources(contents, function, log);
        resolved.version_arns.emplace(named, function.arn);
        resolved.version_arns.emplace(function.arn, function.arn);
        resolved.functions.push_back(std::move(function));
    }
    return resolved;
}

}  // namespace evergrass::cloud::greengrass
