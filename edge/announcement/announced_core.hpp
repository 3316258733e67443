#pragma once

#include "contract/manifest.hpp"
#include "libs/base/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// What a core says of itself on its own network (docs/lan-discovery.md). Pure.
namespace evergrass::edge {

// Where the document is served, and the DNS-SD type under which it is announced (RFC 6763 §7).
inline constexpr std::string_view announced_path = "/greengrass/discovery";
inline constexpr std::string_view announced_type = "_evergrass-core._tcp";

// The document of the discovery API for this group alone (spec/cloud.md §2): the core, where it is
// reached (entries as the API has them) and all CAs of the group.
std::string discovery_document(const contract::manifest& group, json::array connectivity);

// A file for avahi-daemon (avahi.service(5)): this core's document is at that port.
std::string avahi_service(std::string_view thing, std::string_view group_id, std::uint16_t port);

// Its name among the services of others: "evergrass-THING.service".
std::string avahi_file_name(std::string_view thing);

}  // namespace evergrass::edge
