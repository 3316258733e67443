#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::greengrass {

enum class device_route {
    discover,
    deployment,
    artifact,
    deployment_status,
    server_certificate,
    local_authority,
    connectivity,
    credentials,
    invocations,
    invocation_outcome,
    secrets,
    denied_certificates,
    signing_key,
};

struct device_path {
    device_route route = device_route::discover;
    std::string thing;  // decoded, as is `part`; empty where the route has none
    std::string part;
};

// nullopt when method and path are none of a route; a broken escape is none either.
std::optional<device_path> parse_device_path(std::string_view method, std::string_view path);

}  // namespace evergrass::cloud::greengrass
