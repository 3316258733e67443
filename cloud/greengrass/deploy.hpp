#pragma once

#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/upstream_finds.hpp"

namespace evergrass::cloud::greengrass {

// CreateDeployment in two steps, for whoever deploys inside of a transaction of his own.

// What the deployment needs of APIs that are elsewhere; nothing where none is. The errors of the
// request, and 503 where one of them cannot be reached. The caller does not hold the store's lock.
answer<upstream_finds> fetch_for_deployment(greengrass_services& in, const call& from);

// The rest of it, in one transaction.
api_result deploy_fetched(greengrass_services& in, const call& from, const upstream_finds& finds);

}  // namespace evergrass::cloud::greengrass
