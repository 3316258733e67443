#pragma once

#include "cloud/greengrass/deliver_secrets.hpp"
#include "cloud/greengrass/group_contents.hpp"
#include "cloud/greengrass/upstream_finds.hpp"

#include <string>

namespace evergrass::cloud::greengrass {

// Fetches what the group's version needs of APIs that are elsewhere (in.upstream): packages into
// `blobs`, models into the object store's files, values of secrets into what is returned alone.
// What they do not have, or refuse, is among the faults. 503: one cannot be reached. The caller
// does not hold the store's lock; each of them is waited for up to 20 s, and longer for what is
// long.
answer<upstream_finds> fetch_upstream(greengrass_services& in, const group_contents& contents);

// One function, secret or model; each in the file of its name.
answer<version_lookup> fetch_function(greengrass_services& in, const std::string& arn);
answer<void> fetch_secret(greengrass_services& in, const std::string& arn,
                          const staging_labels& wanted, upstream_finds& into);
answer<void> fetch_model(greengrass_services& in, const std::string& uri, upstream_finds& into);

// 503, and nothing was deployed.
api_error upstream_unreachable(const std::string& why);

}  // namespace evergrass::cloud::greengrass
