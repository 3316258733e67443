#pragma once

#include "contract/manifest.hpp"
#include "edge/functions/spawn.hpp"

namespace evergrass::edge::functions {

// Which user a function runs as (spec/core.md §5); what is not asked for is ggc_user and ggc_group.
// A core that is not root can be nobody else: nullopt. Errors: denied when root is asked for and
// `allow_root` is not set, not_found when a default user is missing; both in V1's words.
result<std::optional<process_identity>> resolve_identity(const contract::function& f,
                                                         bool allow_root, bool core_is_root);

}  // namespace evergrass::edge::functions
