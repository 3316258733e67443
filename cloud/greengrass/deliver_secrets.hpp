#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/services.hpp"
#include "cloud/greengrass/upstream_finds.hpp"
#include "contract/manifest.hpp"

#include <map>
#include <set>
#include <string>

namespace evergrass::cloud::greengrass {

using staging_labels = std::set<std::string, std::less<>>;

// By the secret's ARN, what the group's resources want of it. Several may name one secret with
// different labels.
std::map<std::string, staging_labels> wanted_secrets(const json::array& resources);

// The group's secrets that this service has, as docs/formats/secrets.md has them, with the labels
// that their resources list. The caller holds the store's lock, as for the next.
json::array secrets_here(greengrass_services& in, const contract::manifest& wanted, build_log& log);
// PEM; empty: it is not registered.
result<std::string> certificate_of_core(store& state, const contract::group_member& core);

// The values of the group's secrets, with the labels that their resources list, sealed for the
// core's certificate and kept as a package that this core may fetch; noted in `into.files`. A
// secret that this service, or the Secrets Manager of `finds`, does not have is left to the core's
// own store. The caller holds the store's lock.
void deliver_secrets(greengrass_services& in, const upstream_finds& finds, contract::manifest& into,
                     build_log& log);

}  // namespace evergrass::cloud::greengrass
