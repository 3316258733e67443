#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/services.hpp"
#include "contract/manifest.hpp"

namespace evergrass::cloud::greengrass {

// The values of the group's secrets, with the labels that their resources list, sealed for the
// core's certificate and kept as a package that this core may fetch; noted in `into.files`. A
// secret that this service does not have is left to the core's own store. The caller holds the
// store's lock.
void deliver_secrets(greengrass_services& in, contract::manifest& into, build_log& log);

}  // namespace evergrass::cloud::greengrass
