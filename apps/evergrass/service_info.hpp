#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace evergrass::cli {

struct host_port {
    std::string host;
    std::uint16_t port = 0;
};

// "https://127.0.0.1:9440", "127.0.0.1:8883", "[::1]:8883"; without a port, that of the scheme.
result<host_port> parse_host_port(std::string_view text);

// What evergrass-cloud says in DATA/service.json when it is ready.
struct service_info {
    std::string api;
    std::string api_http;
    std::string iot_mqtt;
    std::string iot_https;
    std::string discovery;
    std::string ca_file;
    pid_t pid = 0;
};
result<service_info> parse_service_info(std::string_view text);

// What greengrassd says in ROOT/ggc/var/state/ready.json when it is ready.
struct core_info {
    std::string mqtt;
    std::string ipc;
    pid_t pid = 0;
};
result<core_info> parse_core_info(std::string_view text);

}  // namespace evergrass::cli
