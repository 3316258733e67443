#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <string>

struct sockaddr_storage;

// Plain sockets, for those who drive them themselves.
namespace evergrass::rt {

// A TCP socket that listens and does not block; close() it. "0.0.0.0", "::" (both families), "::1"
// …; port 0: the system picks one. The error names address and port and, for EADDRINUSE and EACCES,
// says what to do.
result<int> open_listen_socket(const std::string& address, std::uint16_t port);
std::uint16_t local_port(int socket);

// Small writes leave at once, and peers that vanish without a word are found out.
void tune_stream_socket(int socket);
void make_non_blocking(int socket);

// "127.0.0.1:51234", "[::1]:51234"; IPv4 in IPv6 as IPv4; "unknown" for other families.
std::string to_text(const sockaddr_storage& address);

}  // namespace evergrass::rt
