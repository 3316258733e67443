#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/services.hpp"
#include "contract/manifest.hpp"

namespace evergrass::cloud::greengrass {

// The archives of the group's S3 models, as their objects are now, noted in `into.files`. What a
// core cannot do with models is a fault: those of SageMaker, functions that would write them or
// that have no container. The caller holds the store's lock.
void deliver_models(greengrass_services& in, contract::manifest& into, build_log& log);

}  // namespace evergrass::cloud::greengrass
