#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/services.hpp"
#include "cloud/greengrass/upstream_finds.hpp"
#include "contract/manifest.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace evergrass::cloud::greengrass {

// What a core downloads at most.
inline constexpr std::int64_t largest_model = 250LL * 1024 * 1024;

// The S3Uri of each S3 model.
std::vector<std::string> wanted_models(const json::array& resources);

// The archives of the group's S3 models, as their objects are now, noted in `into.files`. What a
// core cannot do with models is a fault: those of SageMaker, functions that would write them or
// that have no container. The caller holds the store's lock.
void deliver_models(greengrass_services& in, const upstream_finds& finds, contract::manifest& into,
                    build_log& log);

}  // namespace evergrass::cloud::greengrass
