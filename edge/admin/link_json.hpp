#pragma once

#include "edge/admin/core_snapshot.hpp"
#include "libs/base/json.hpp"

namespace evergrass::edge {

// What GET /link and `evergrass link --json` say; docs/link.md has the members.
json::object link_json(const core_snapshot& core);

}  // namespace evergrass::edge
