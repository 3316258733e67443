#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

// Replaces the whole record.
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
    return in_transaction(in.state, [&]() -> api_result {
        const auto version = set_connectivity(in.state, thing, *entries);
        if (!version) {
            return internal_error(version.error());
        }
        return reply{{{"Version", *version}}};
    });
}

}  // namespace evergrass::cloud::greengrass
