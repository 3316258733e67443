#pragma once

#include "apps/evergrass/up_state.hpp"
#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <string>
#include <string_view>

// The sample group on paper: what its parts are called and how they are wired. Pure.
namespace evergrass::cli::sample {

inline constexpr char core_name[] = "EvergrassSample_Core";
inline constexpr char sensor_name[] = "EvergrassSample_Sensor";
inline constexpr char display_name[] = "EvergrassSample_Display";
// Listens at the service; a certificate of its own, no member of the group.
inline constexpr char observer_name[] = "EvergrassSample_Observer";
inline constexpr char function_name[] = "EvergrassSample_Average";
inline constexpr char alias_name[] = "sample";
inline constexpr char group_name[] = "EvergrassSample";

inline constexpr char function_topic[] = "evergrass/sample/reading";  // sensor -> function
inline constexpr char cloud_topic[] = "evergrass/sample/average";     // function -> cloud
inline constexpr char display_topic[] = "evergrass/sample/display";   // sensor -> display

// IoT policy documents.
std::string core_policy();
std::string device_policy(const std::string& region, const std::string& account);
std::string observer_policy(const std::string& region, const std::string& account);

// The function's package.
result<std::string> function_zip();

// What the core's host can do for the function.
struct function_host {
    bool isolates = false;  // a jail can be had
    bool core_is_root = false;
    bool has_default_user = false;  // ggc_user and ggc_group
};

// Members of the definitions' InitialVersion, as the API takes them.
json::object cores(const up_state& state);
json::object devices(const up_state& state);
json::object functions(const up_state& state, const function_host& host);
json::object subscriptions(const up_state& state);
json::object loggers();

// Must the core allow functions to be root (allowFunctionsToRunAsRoot)? Only where there is neither
// isolation nor another user.
bool runs_as_root(const function_host& host);

// Changes whenever the package, the names or the wiring of this build do.
std::string digest(std::string_view zip, const function_host& host);

}  // namespace evergrass::cli::sample
