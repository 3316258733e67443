#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::edge {
class secret_service;
}

// The core's own services that functions invoke like functions (spec/lambda-ipc.md §3).
namespace evergrass::edge::functions {

constexpr std::string_view router_name = "GGRouter";
constexpr std::string_view shadow_service_name = "GGShadowService";

struct system_call {
    std::string_view caller;  // the ARN of the function that invokes
    std::string_view body;
    const secret_service* secrets = nullptr;  // null: this core has none
};

// The body that a service answers an invocation with, at once; nullopt when no service has that
// name. Errors of these services travel in the body, with the function-error header empty.
std::optional<std::string> answer_system_function(std::string_view name, const system_call& call);

}  // namespace evergrass::edge::functions
