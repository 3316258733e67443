#pragma once

#include "apps/evergrass_cloud/options.hpp"
#include "libs/base/result.hpp"

namespace evergrass::cloud {

// `evergrass-cloud restore`: restore_backup(), while no service runs on the folder.
result<void> restore(const restore_options& options);

}  // namespace evergrass::cloud
