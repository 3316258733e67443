#include "apps/evergrass/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace evergrass::cli {
namespace {

constexpr std::uint16_t ports_in_a_block = 6;
constexpr std::uint16_t lowest_core_port = 1024;  // ggMqttPort, ggDaemonPort: spec/core.md §3.1

port_plan block_of_ports(std::string address, std::uint16_t base) {
    const auto nth = [base](int n) { return static_cast<std::uint16_t>(base + n); };
    return {.address = std::move(address),
            .api = nth(0),
            .api_http = nth(1),
            .iot_mqtt = nth(2),
            .iot_https = nth(3),
            .core_mqtt = nth(4),
            .ipc = nth(5)};
}

// The core's own MQTT server has to keep off 8883: service and core share the address.
port_plan aws_ports(std::string address) {
    return {.address = std::move(address),
            .api = 443,
            .api_http = 0,
            .iot_mqtt = 8883,
            .iot_https = 8443,
            .core_mqtt = 8884,
            .ipc = v1_ipc_port};
}

result<void> check_address(const std::string& address) {
    in_addr v4{};
    in6_addr v6{};
    const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4) == 1;
    const bool is_v6 = !is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6) == 1;
    if (!is_v4 && !is_v6) {
        return error{{},
                     "--address " + address +
                         ": give an IP address of this machine, such as "
                         "127.0.0.2 or its address in the local network"};
    }
    if ((is_v4 && v4.s_addr == INADDR_ANY) || (is_v6 && IN6_IS_ADDR_UNSPECIFIED(&v6))) {
        return error{{},
                     "--address " + address +
                         ": give the one address that clients will use, because certificates and "
                         "discovery name it"};
    }
    return {};
}

}  // namespace

result<port_plan> plan_ports(const up_options& options) {
    const std::string address = options.address.value_or("127.0.0.1");
    if (auto checked = check_address(address); !checked) {
        return checked.error();
    }
    if (!options.port_base) {
        if (options.address) {
            return aws_ports(address);
        }
        auto plan = block_of_ports(address, default_port_base);
        plan.ipc = v1_ipc_port;
        return plan;
    }
    const std::uint16_t base = *options.port_base;
    if (base == 0) {
        port_plan any;
        any.address = address;
        return any;
    }
    if (base < lowest_core_port || base > 65535 - (ports_in_a_block - 1)) {
        return error{{},
                     "--port-base " + std::to_string(base) +
                         ": six ports from there on are taken, so give 0 for "
                         "free ones or a number from 1024 to 65530"};
    }
    return block_of_ports(address, base);
}

}  // namespace evergrass::cli
