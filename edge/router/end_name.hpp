#pragma once

#include "edge/router/table.hpp"
#include "libs/base/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace evergrass::edge {

// "device", "function", "connector", "cloud", "shadow": in metrics and JSON.
std::string_view kind_name(endpoint_kind kind);

// An end as people write it on a command line: "thing:NAME", "function:NAME:VERSION",
// "connector:NAME", "cloud", "shadow".
std::string end_name(const endpoint& e);

// The reverse. `known` are the functions and connectors that exist: "function:NAME" is enough where
// one version only is there. Takes ARNs too. The error lists what could have been meant.
result<endpoint> parse_end_name(std::string_view text, std::span<const endpoint> known);

}  // namespace evergrass::edge
