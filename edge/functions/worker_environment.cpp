#include "edge/functions/worker_environment.hpp"

#include "edge/functions/runtimes.hpp"
#include "edge/functions/spawn.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace evergrass::edge::functions {

namespace {

constexpr std::array<std::string_view, 10> reserved_names = {
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_IOT_THING_NAME",
    "ENCODING_TYPE",
    "GGC_MAX_INTERFACE_VERSION",
    "GG_DAEMON_PORT",
    "MY_FUNCTION_ARN",
    "ROUTER_FUNCTION_ARN",
    "SECRETS_MANAGER_FUNCTION_ARN",
    "SHADOW_FUNCTION_ARN",
};
constexpr std::string_view reserved_logs = "_GG_LOG_FD_";

// The newest interface of V1's SDKs, and the core release that had it (spec/lambda-ipc.md §4.3).
constexpr const char* interface_version = "1.5";
constexpr const char* compatible_version = "1.11.6";

using variables = std::map<std::string, std::string, std::less<>>;

// An IPv6 address stands in brackets, as in a URL.
std::string at_port(const std::string& host, std::uint16_t port) {
    const bool bare = host.find(':') != std::string::npos && host.front() != '[';
    return (bare ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void set_identity(variables& v, const function_settings& settings, const contract::function& f,
                  const worker_environment& worker) {
    // AWS SDKs take credentials over plain HTTP from localhost and 127.0.0.1 only (§7).
    const std::string host =
        settings.ipc_address == "127.0.0.1" ? "localhost" : settings.ipc_address;
    const std::string port = std::to_string(worker.ipc_port);
    v["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = worker.token;
    v["AWS_CONTAINER_CREDENTIALS_FULL_URI"] =
        "http://" + host + ":" + port + "/2016-11-01/credentialprovider/";
    v["GG_DAEMON_PORT"] = port;
    v["MY_FUNCTION_ARN"] = f.arn;
    v["ROUTER_FUNCTION_ARN"] = "arn:aws:lambda:::function:GGRouter";
    v["SHADOW_FUNCTION_ARN"] = "arn:aws:lambda:::function:GGShadowService";
    v["SECRETS_MANAGER_FUNCTION_ARN"] = "arn:aws:lambda:::function:GGSecretManager:1";
    v["ENCODING_TYPE"] = f.encoding_type == contract::encoding::binary ? "binary" : "json";
    v["GGC_MAX_INTERFACE_VERSION"] = interface_version;
    v["AWS_IOT_THING_NAME"] = settings.core_thing;
    for (std::size_t i = 0; i < log_pipes.size(); ++i) {
        v[std::string(log_pipes[i].variable)] = std::to_string(i + 1);
    }
}

void set_defaults(variables& v, const function_settings& settings, const contract::function& f,
                  const worker_environment& worker) {
    const auto directory = worker.directory.string();
    v["PATH"] = std::string(worker.host_path) + (worker.host_path.empty() ? "" : ":") + directory +
                ":/usr/bin:/usr/local/bin";
    v["HOME"] = directory;
    v["PYTHONPATH"] = directory;
    v["AWS_GG_RESOURCE_PREFIX"] = worker.resource_prefix.string();
    v["AWS_REGION"] = settings.region;
    v["AWS_DEFAULT_REGION"] = settings.region;
    v["AWS_IOT_MQTT_ENDPOINT"] = at_port(settings.iot_host, settings.iot_mqtt_port);
    v["AWS_IOT_HTTP_ENDPOINT"] = at_port(settings.iot_host, settings.iot_http_port);
    v["AWS_GG_MQTT_ENDPOINT"] = at_port(settings.gg_host, settings.iot_mqtt_port);
    v["AWS_GG_HTTP_ENDPOINT"] = at_port(settings.gg_host, settings.gg_http_port);
    v["AWS_GG_FIPS_MODE"] = "false";
    v["GG_MQTT_KEEP_ALIVE"] = "60";
    v["GG_MQTT_CONNECT_TIMEOUT"] = "30";
    v["GG_MQTT_CONNECT_MAX_RETRY_INTERVAL"] = "60";
    v["GGC_VERSION"] = compatible_version;
    v["IPC_SOCK_FILE"] = "/greengrass_ipc.sock";
    v["LOG_LEVEL"] = worker.log_level;
    // Our own, for the context object's get_remaining_time_in_millis and memory_limit_in_mb.
    v["EVERGRASS_FUNCTION_TIMEOUT"] = std::to_string(f.timeout_seconds);
    v["EVERGRASS_FUNCTION_MEMORY_KB"] = std::to_string(f.memory_size_kb);
}

// In both cases, as programs differ in which they read (spec/core.md §3.3). A function that has set
// one has set both: what it says counts for whichever it reads.
void set_proxy(variables& v, const function_settings& settings, const contract::function& f) {
    if (settings.proxy_url.empty()) {
        return;
    }
    const auto has = [&f](std::string_view name) {
        return std::any_of(f.variables.begin(), f.variables.end(),
                           [name](const auto& own) { return own.first == name; });
    };
    for (const auto& [lower, upper, value] :
         {std::tuple("http_proxy", "HTTP_PROXY", &settings.proxy_url),
          std::tuple("https_proxy", "HTTPS_PROXY", &settings.proxy_url),
          std::tuple("no_proxy", "NO_PROXY", &settings.no_proxy)}) {
        if (!has(lower) && !has(upper) && !value->empty()) {
            v[lower] = v[upper] = *value;
        }
    }
}

// Puts the core's directories before those that the function has set for itself: without the core's
// its SDK doesn't work.
void set_search_path(variables& v, const std::string& name, std::string directories) {
    const auto own = v.find(name);
    if (own != v.end() && !own->second.empty()) {
        directories += ":" + own->second;
    }
    v[name] = std::move(directories);
}

void set_search_paths(variables& v, const contract::function& f, const worker_environment& worker) {
    const auto directory = worker.directory.string();
    switch (kind_of_runtime(f.runtime)) {
        case runtime_kind::nodejs:
            set_search_path(v, "NODE_PATH",
                            directory + ":" + (worker.runtime_dir / "nodejs/modules").string() +
                                ":" + directory + "/node_modules");
            break;
        case runtime_kind::executable:
            // The package may hold the SDK's stub of the library, which does nothing (§11).
            set_search_path(v, "LD_LIBRARY_PATH", (worker.runtime_dir / "native").string());
            break;
        default:
            break;
    }
}

bool usable(std::string_view name, std::string_view value) {
    const auto nul = std::string_view("\0", 1);
    return !name.empty() && name.find('=') == std::string_view::npos &&
           name.find(nul) == std::string_view::npos && value.find(nul) == std::string_view::npos;
}

}  // namespace

bool is_reserved_variable(std::string_view name) {
    return name.starts_with(reserved_logs) ||
           std::find(reserved_names.begin(), reserved_names.end(), name) != reserved_names.end();
}

std::vector<std::string> build_environment(const function_settings& settings,
                                           const contract::function& f,
                                           const worker_environment& worker) {
    variables v;
    set_defaults(v, settings, f, worker);
    set_proxy(v, settings, f);
    for (const auto& [name, value] : f.variables) {
        if (usable(name, value) && !is_reserved_variable(name)) {
            v[name] = value;
        }
    }
    set_identity(v, settings, f, worker);
    set_search_paths(v, f, worker);
    std::vector<std::string> texts;
    texts.reserve(v.size());
    for (const auto& [name, value] : v) {
        texts.push_back(name + "=" + value);
    }
    return texts;
}

}  // namespace evergrass::edge::functions
