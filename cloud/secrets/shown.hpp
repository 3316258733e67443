#pragma once

#include "cloud/secrets/secrets.hpp"

namespace evergrass::cloud::secrets {

// What DescribeSecret and ListSecrets show. `versions_member` is how each names the labels:
// VersionIdsToStages, SecretVersionsToStages.
answer<json::object> shown(secret_registry& in, const secret_record& secret,
                           std::string_view versions_member);

}  // namespace evergrass::cloud::secrets
