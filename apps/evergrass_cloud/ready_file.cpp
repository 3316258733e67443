#include "apps/evergrass_cloud/ready_file.hpp"

#include "apps/evergrass_cloud/host_names.hpp"
#include "libs/base/file.hpp"

#include <unistd.h>

namespace evergrass::cloud {
namespace {

std::filesystem::path service_file(const service_options& options) {
    return options.data / "service.json";
}

std::string with_port_unless(std::initializer_list<std::uint16_t> standard, const std::string& host,
                             std::uint16_t port) {
    for (const auto each : standard) {
        if (port == each) {
            return host;
        }
    }
    return host_and_port(host, port);
}

}  // namespace

json::value describe_service(const service_options& options, const open_ports& ports) {
    const auto host = local_host(options);
    const auto iot_https = host_and_port(host, ports.iot_https);
    return {{"api", "https://" + host_and_port(host, ports.api)},
            {"api_http", "http://" + host_and_port(plain_http_address(options), ports.http)},
            {"iot_mqtt", host_and_port(host, ports.mqtt)},
            {"iot_https", iot_https},
            {"discovery", "https://" + iot_https},
            {"ca_file", std::filesystem::absolute(options.data / "ca.pem").string()},
            {"region", options.region},
            {"account", options.account},
            {"pid", ::getpid()}};
}

iot_endpoints advertise(const service_options& options, const open_ports& ports) {
    const auto host = advertised_host(options);
    return {with_port_unless({8883}, host, ports.mqtt),
            with_port_unless({443, 8443}, host, ports.iot_https)};
}

std::string advertise_api(const service_options& options, const open_ports& ports) {
    return with_port_unless({443}, advertised_host(options), ports.api);
}

result<void> write_ready_files(const service_options& options, const open_ports& ports) {
    const auto text = to_pretty_json(describe_service(options, ports));
    if (auto written = write_file_atomically(service_file(options), text, 0600); !written) {
        return written;
    }
    if (options.ready_file.empty()) {
        return {};
    }
    return write_file_atomically(options.ready_file, text, 0600);
}

void remove_ready_files(const service_options& options) {
    std::error_code ignored;
    std::filesystem::remove(service_file(options), ignored);
    if (!options.ready_file.empty()) {
        std::filesystem::remove(options.ready_file, ignored);
    }
}

}  // namespace evergrass::cloud
