#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/greengrass/services.hpp"
#include "cloud/iot/registry_changes.hpp"
#include "cloud/secrets/secrets.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <string_view>

// How a core of AWS's Greengrass V1 comes to this service with the ids, ARNs and version numbers
// that it has (docs/formats/adoption.md), which AWS's own APIs cannot keep.
namespace evergrass::cloud::adoption {

// Lives longer than the gateway's table.
struct adoption_services {
    store& state;
    const service_identity& identity;
    const clock& time;
    registry_changes& changes;
    secrets::secret_registry& secrets;
    greengrass_services& greengrass;
};

// PUT /evergrass/v1/packages/SHA256: a function's package (zip), which an adoption then names. The
// same again does nothing. Not to be seen by any API until an adoption was taken.
api_result put_package(adoption_services& in, std::string_view sha256, std::string_view zip);

// POST /evergrass/v1/adoptions. One transaction. What is there already and the same stays as it is;
// what is there and differs is a conflict: 409 with all of them in "conflicts", and nothing is
// changed. The group gets a CA of its own, as the old one's key was in AWS's cloud alone. The
// answer: {"made": N, "same": N, "groupId"}.
api_result adopt(adoption_services& in, std::string_view request);

}  // namespace evergrass::cloud::adoption
