#pragma once

#include "apps/evergrass_cloud/options.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"

namespace evergrass::cloud {

// The whole service, from opening the data to SIGTERM or SIGINT: opens the listeners, says that it
// is ready (service.json), serves, and stops gracefully. An error is a start that failed, in one
// line.
result<void> run_service(const service_options& options, logger log);

}  // namespace evergrass::cloud
