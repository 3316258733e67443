#pragma once

#include "edge/config/config.hpp"
#include "edge/keys/core_keys.hpp"
#include "libs/rt/tls.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evergrass::greengrassd {

// Port 443 is shared by protocols that ALPN tells apart (spec/core.md §3.3).
std::vector<std::string> alpn_for(std::uint16_t port, const char* protocol);

// How the core shows itself to servers: its certificate, CA and key as they are on disk, or in the
// token, now. The error names the file.
result<std::shared_ptr<rt::tls_context>> client_context(const edge::core_config& config,
                                                        const edge::core_keys& keys,
                                                        std::vector<std::string> alpn);

// coreThing.networkProxy, which is checked by config.json's CA when it is spoken to by TLS
// (spec/core.md §3.3). Null: there is none.
std::shared_ptr<const rt::http_proxy> proxy_of(const edge::core_config& config);

}  // namespace evergrass::greengrassd
