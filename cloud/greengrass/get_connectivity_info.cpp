#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

api_result get_connectivity_info(greengrass_services& in, const call& from) {
    const auto hold = in.state.db().lock();
    auto entries = connectivity_of(in.state, required_text(from, "ThingName"));
    if (!entries) {
        return internal_error(entries.error());
    }
    json::object output;
    output["ConnectivityInfo"] = std::move(*entries);
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
