#pragma once

#include "cloud/greengrass/records.hpp"

namespace evergrass::cloud::greengrass {

// Every definition version that a group version refers to must exist (spec/cloud.md §1.3). The
// caller holds the store's lock.
std::optional<api_error> check_references(greengrass_services& in, const json::object& content);

}  // namespace evergrass::cloud::greengrass
