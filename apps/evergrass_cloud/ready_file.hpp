#pragma once

#include "apps/evergrass_cloud/doors.hpp"
#include "apps/evergrass_cloud/options.hpp"
#include "cloud/iot/registry.hpp"
#include "libs/base/json.hpp"

namespace evergrass::cloud {

// The content of service.json, docs/formats/service-data.md.
json::value describe_service(const service_options& options, const open_ports& ports);

// What DescribeEndpoint says: AWS IoT's standard ports go without saying, others are told.
iot_endpoints advertise(const service_options& options, const open_ports& ports);
// `host[:port]` of the AWS APIs over HTTPS, as URLs of objects have it; the port where it is not
// 443.
std::string advertise_api(const service_options& options, const open_ports& ports);

// DIR/service.json and --ready-file: by rename, 0600.
result<void> write_ready_files(const service_options& options, const open_ports& ports);

// A reader must not take the file of a process that is gone for a running service.
void remove_ready_files(const service_options& options);

}  // namespace evergrass::cloud
