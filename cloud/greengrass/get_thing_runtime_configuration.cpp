#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/records.hpp"

namespace evergrass::cloud::greengrass {

// Telemetry is On until somebody says otherwise (spec/cloud.md §1.9). No core confirms what it was
// told yet, so the two never are known to be in step.
api_result get_thing_runtime_configuration(greengrass_services& in, const call& from) {
    std::string telemetry = "On";
    const auto hold = in.state.db().lock();
    const auto read = in.state.db().query(
        "greengrass.runtime_configuration",
        "SELECT telemetry FROM thing_runtime_configurations WHERE thing = ?1",
        {required_text(from, "ThingName")}, [&](const db::row& row) { telemetry = row.text(0); });
    if (!read) {
        return internal_error(read.error());
    }
    json::object configuration{
        {"TelemetryConfiguration",
         json::object{{"Telemetry", telemetry}, {"ConfigurationSyncStatus", "OutOfSync"}}}};
    json::object output;
    output["RuntimeConfiguration"] = std::move(configuration);
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
