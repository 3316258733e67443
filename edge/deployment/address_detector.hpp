#pragma once

#include "contract/manifest.hpp"
#include "libs/base/json.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace evergrass::edge {

// V1's IP detector: a group with the system function GGIPDetector has its core tell the service
// where devices reach it (spec/core.md §12). Without it the entries are the owner's alone.
bool detects_addresses(const contract::manifest& group);

// Under which devices of other hosts may reach a server that listens there: the addresses of the
// interfaces that are up, IPv4 before IPv6, without loopback and link-local ones; IPv6 where it
// listens at "::", since 0.0.0.0 takes IPv4 alone. Where `listen_address` is a specific one, that
// alone. Any thread.
std::vector<std::string> device_addresses(const std::string& listen_address);

// As V1 wrote them: Id "AUTOIP_<address>_<n>". The first ten: devices try all of them.
json::array detected_entries(const std::vector<std::string>& addresses, std::uint16_t port);

}  // namespace evergrass::edge
