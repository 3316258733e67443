#pragma once

#include "cloud/store/store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::greengrass {

// Devices that a core's deployment admits and the registry no longer does.
struct denied_certificates {
    std::string deployment_id;  // that the core runs or is about to; empty: none
    std::string version;        // changes with the rest; empty: none is denied
    // Certificates that are no longer ACTIVE, or gone: their ids, in order.
    std::vector<std::string> ids;
    // Devices whose certificate is ACTIVE, but no longer attached to their thing: the things.
    std::vector<std::string> things;
};

// The caller holds the store's lock.
result<denied_certificates> find_denied_certificates(store& state, const std::string& core_thing);

// Whose long polls a certificate that changed concerns: the things that it is attached to, and the
// cores in whose deployed groups it is. The caller holds the store's lock.
result<std::vector<std::string>> polls_of_certificate(store& state,
                                                      const std::string& certificate_id);

}  // namespace evergrass::cloud::greengrass
