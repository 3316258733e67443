#pragma once

#include "apps/evergrass_cloud/options.hpp"

#include <string>
#include <vector>

namespace evergrass::cloud {

bool is_loopback(const std::string& address);

// The host that we name to clients: the first --host, else the address we listen on, else
// (listening on all) this machine's name.
std::string advertised_host(const service_options& options);

// The address for clients on this machine: 127.0.0.1 when we listen on all.
std::string local_host(const service_options& options);

// The plain HTTP API is for this machine alone, wherever the rest listens.
std::string plain_http_address(const service_options& options);

// "host:port", IPv6 in brackets.
std::string host_and_port(const std::string& host, std::uint16_t port);

// Every name and address that the server certificate must hold (spec/cloud.md §6.3).
std::vector<std::string> certificate_names(const service_options& options);

}  // namespace evergrass::cloud
