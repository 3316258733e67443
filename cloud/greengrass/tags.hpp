#pragma once

#include "cloud/greengrass/records.hpp"
#include "cloud/store/tags.hpp"  // whose functions tag all of them

// Tags of groups, definitions and bulk deployments (spec/cloud.md §1.10). The caller holds the
// store's lock.
namespace evergrass::cloud::greengrass {

// An error unless the ARN is that of one of these that exists.
std::optional<api_error> check_taggable(greengrass_services& in, std::string_view arn);

}  // namespace evergrass::cloud::greengrass
