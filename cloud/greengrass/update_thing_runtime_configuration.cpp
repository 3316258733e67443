#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/records.hpp"

namespace evergrass::cloud::greengrass {

// The thing need not be registered, as for connectivity: scripts make both in either order.
api_result update_thing_runtime_configuration(greengrass_services& in, const call& from) {
    const auto thing = required_text(from, "ThingName");
    const auto* wanted = object_member(from.input, "TelemetryConfiguration");
    const auto telemetry = wanted != nullptr ? string_member(*wanted, "Telemetry") : std::nullopt;
    if (!telemetry) {
        return invalid_input(
            "Your request is missing the following required parameter(s): "
            "{TelemetryConfiguration.Telemetry}.");
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto written = in.state.db().run(
            "greengrass.set_runtime_configuration",
            "INSERT INTO thing_runtime_configurations(thing, telemetry, updated_at)"
            " VALUES(?1, ?2, ?3) ON CONFLICT(thing) DO UPDATE SET telemetry = ?2, updated_at = ?3",
            {thing, *telemetry, now_milliseconds(in)});
        if (!written) {
            return internal_error(written.error());
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::greengrass
