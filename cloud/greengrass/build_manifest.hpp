#pragma once

#include "cloud/greengrass/group_contents.hpp"
#include "cloud/greengrass/upstream_finds.hpp"
#include "contract/manifest.hpp"

#include <string>

namespace evergrass::cloud::greengrass {

struct manifest_wish {
    std::string deployment_id;
    contract::deployment_type type = contract::deployment_type::new_deployment;
    std::int64_t created_at = 0;
};

// What the core will run, from a version of a group that has exactly one core: aliases followed,
// defaults filled in, references checked. Every fault goes to `log`; the manifest is of use only
// when there is none. `finds` is what was fetched for it (fetch_upstream.hpp). Whether the core
// itself is registered is not looked at: see registration_grace. The caller holds the store's lock.
contract::manifest build_manifest(greengrass_services& in, const group_contents& contents,
                                  const upstream_finds& finds, const manifest_wish& wish,
                                  build_log& log);

// Makes the core take off what it runs. `core` is that of the last deployment.
contract::manifest build_reset_manifest(greengrass_services& in, const definition& group,
                                        const contract::group_member& core,
                                        const manifest_wish& wish);

}  // namespace evergrass::cloud::greengrass
