#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

// Replaces the whole record. The core looks at once: its certificate for devices names these
// addresses.
api_result update_connectivity_info(greengrass_services& in, const call& from) {
    const auto thing = required_text(from, "ThingName");
    const auto* sent = array_member(from.input, "ConnectivityInfo");
    const auto entries = read_connectivity_entries(sent != nullptr ? *sent : json::array());
    if (!entries) {
        return api_error{400,
                         "BadRequestException",
                         "ConnectivityInfo of " + thing + ": " + entries.error().context,
                         {}};
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto version = set_connectivity(in.state, thing, *entries);
        if (!version) {
            return internal_error(version.error());
        }
        return reply{{{"Version", *version}}};
    });
    if (done) {
        in.notifier.announce(thing);
    }
    return done;
}

}  // namespace evergrass::cloud::greengrass
