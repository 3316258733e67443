#pragma once

#include "apps/evergrass/up_options.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <string>

namespace evergrass::cli {

// Where each part listens. 0: whoever listens picks a free port and says which in its service.json
// or ready.json.
struct port_plan {
    std::string address;
    std::uint16_t api = 0;
    std::uint16_t api_http = 0;
    std::uint16_t iot_mqtt = 0;
    std::uint16_t iot_https = 0;
    std::uint16_t core_mqtt = 0;
    std::uint16_t ipc = 0;
};

// The first port when neither --address nor --port-base was given: 9440 to 9444.
inline constexpr std::uint16_t default_port_base = 9440;

// Old SDKs that users bundled with their functions call this port whatever the core says
// (spec/lambda-ipc.md §1).
inline constexpr std::uint16_t v1_ipc_port = 8000;

// --port-base N: N to N+5 in the order of port_plan. --port-base 0: free ports. --address alone:
// AWS's own 443, 8883 and 8443, which SDK v2's discovery client insists on. Neither: 127.0.0.1 and
// default_port_base.
result<port_plan> plan_ports(const up_options& options);

}  // namespace evergrass::cli
