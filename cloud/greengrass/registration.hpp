#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/records.hpp"
#include "contract/manifest.hpp"

namespace evergrass::cloud::greengrass {

// Whether the thing and the certificate of a core or device are registered here and attached to
// each other: nullopt when they are. `what` names the member in the fault ("Device 'id'"). The
// caller holds the store's lock.
result<std::optional<deployment_fault>> registration_fault(greengrass_services& in,
                                                           const contract::group_member& member,
                                                           const std::string& what);

// Whether the certificate of this ARN may connect: it is registered here and ACTIVE. The caller
// holds the store's lock.
result<bool> has_active_certificate(greengrass_services& in, const contract::group_member& member);

}  // namespace evergrass::cloud::greengrass
