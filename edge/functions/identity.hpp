#pragma once

#include "contract/manifest.hpp"
#include "edge/functions/spawn.hpp"

namespace evergrass::edge::functions {

// Which user a function runs as (spec/core.md §5). Nothing asked for, or a core that is not root:
// nullopt, the core's own user. A missing half of an identity is ggc_user or ggc_group. Errors:
// denied when root is asked for and `allow_root` is not set, not_found when a default user is
// missing; both in V1's words.
result<std::optional<process_identity>> resolve_identity(const contract::function& f,
                                                         bool allow_root, bool core_is_root);

}  // namespace evergrass::edge::functions
