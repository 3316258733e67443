#pragma once

#include "cloud/greengrass/deployments.hpp"

namespace evergrass::cloud::greengrass {

// A core that isn't registered can never fetch its deployment: when the grace is over
// (greengrass_services::registration_grace), that is why the deployment failed, and `asked` and the
// store say so. Found when somebody asks, as nobody else is concerned. In a transaction.
result<void> fail_without_core(greengrass_services& in, deployment& asked);

}  // namespace evergrass::cloud::greengrass
