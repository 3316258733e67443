#pragma once

#include "contract/manifest.hpp"
#include "libs/base/result.hpp"

#include <vector>

namespace evergrass::edge {

// GG_CONFIG_SUBSCRIPTION_QUALITY of GGCloudSpooler, if the group has that function
// (spec/core.md §10): true for AtLeastOncePersistent. The error names the variable.
result<bool> wants_kept_sessions(const std::vector<contract::function>& functions);

}  // namespace evergrass::edge
