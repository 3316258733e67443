#pragma once

#include "libs/base/result.hpp"
#include "libs/rt/tls.hpp"
#include "libs/rt/tls_parts.hpp"

#include <optional>
#include <string>

// What the files of this folder share about one connection's OpenSSL handle.
namespace evergrass::rt::detail {

std::optional<peer_certificate> peer_of(const SSL* handle);

// Makes the coming handshake demand a certificate for `name`, an address or a host name, and sends
// a host name as SNI.
result<void> demand_server_name(SSL* handle, const std::string& name);

}  // namespace evergrass::rt::detail
