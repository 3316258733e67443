#pragma once

#include "cloud/store/store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::greengrass {

// Devices that a core's deployment admits, whose certificates are no longer ACTIVE, or are gone.
struct denied_certificates {
    std::string deployment_id;     // that the core runs or is about to; empty: none
    std::string version;           // changes with the rest; empty: none is denied
    std::vector<std::string> ids;  // of certificates, in order
};

// The caller holds the store's lock.
result<denied_certificates> find_denied_certificates(store& state, const std::string& core_thing);

}  // namespace evergrass::cloud::greengrass
