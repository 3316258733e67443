#pragma once

#include "contract/credential_setting.hpp"
#include "edge/config/config.hpp"
#include "edge/credentials/credential_source.hpp"
#include "edge/keys/core_keys.hpp"

#include <memory>

namespace evergrass::greengrassd {

// Where a group's setting says that credentials come from: the service at ggHost, which knows
// whether to ask STS, or the role alias's endpoint, whose certificate may be signed by
// config.json's CA or by one of the system's.
std::shared_ptr<edge::credential_source> credential_source_of(
    const edge::core_config& config, std::shared_ptr<const edge::core_keys> keys,
    const contract::credential_setting& setting);

}  // namespace evergrass::greengrassd
