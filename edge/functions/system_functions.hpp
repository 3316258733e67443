#pragma once

#include <optional>
#include <string>
#include <string_view>

// The core's own services that functions invoke like functions (spec/lambda-ipc.md §3).
namespace evergrass::edge::functions {

constexpr std::string_view router_name = "GGRouter";

// The body that a service answers an invocation with; nullopt when no service has that name.
// Errors of these services travel in the body, with the function-error header empty.
std::optional<std::string> answer_system_function(std::string_view name);

}  // namespace evergrass::edge::functions
