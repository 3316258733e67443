#pragma once

#include "apps/doctor/core_facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::doctor {

// Whether a server could listen there now, and who does if it can't. Binds for a moment.
port_facts look_at_port(const std::string& address, std::uint16_t port);

// The inodes of the sockets that listen on the port, of the text of /proc/net/tcp or tcp6
// (proc(5)). Pure.
std::vector<std::string> listeners_in(std::string_view table, std::uint16_t port);

}  // namespace evergrass::doctor
