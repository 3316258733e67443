#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/device_routes.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

bool is_status(std::string_view text) {
    return text == "InProgress" || text == "Success" || text == "Failure";
}

// The API's spelling of what the core sent: the two members it may have.
json::array details_of(const json::object& report) {
    json::array details;
    const auto* sent = array_member(report, "errorDetails");
    for (std::size_t i = 0; sent != nullptr && i < sent->size(); ++i) {
        if (const auto* detail = (*sent)[i].if_object()) {
            details.push_back(json::object{
                {"DetailedErrorCode", string_member(*detail, "detailedErrorCode").value_or("")},
                {"DetailedErrorMessage",
                 string_member(*detail, "detailedErrorMessage").value_or("")}});
        }
    }
    return details;
}

// A core that starts again may say InProgress after it said how it ended: that stays. A deployment
// that was superseded while the core was at it ends as the core says.
result<void> take_report(store& state, deployment& reported, const json::object& report,
                         std::int64_t now) {
    const auto status = string_member(report, "status").value_or("");
    if (status == "InProgress" && !reported.is_in_progress()) {
        return {};
    }
    reported.status = status;
    reported.error_message = string_member(report, "errorMessage");
    reported.error_details = details_of(report);
    reported.updated_at = now;
    auto written = set_deployment_status(state, reported);
    if (!written || status != "Failure") {
        return written;
    }
    const auto newest = last_built_deployment(state, reported.group_id);
    if (!newest) {
        return newest.error();
    }
    const bool is_newest = *newest && (*newest)->id == reported.id;
    return is_newest ? put_former_in_force(state, reported.group_id) : result<void>();
}

http::response apply(const device_routes& in, const device_request& from,
                     const json::object& report) {
    auto& services = in.services;
    std::optional<http::response> answer;
    const auto done = services.state.db().transaction([&]() -> result<void> {
        auto found = find_deployment(services.state, from.part);
        if (!found) {
            return found.error();
        }
        if (!*found || (*found)->core_thing != from.thing) {
            answer = device_error(
                404, "The core '" + from.thing + "' has no deployment " + from.part + ".");
            return {};
        }
        return take_report(services.state, **found, report, now_milliseconds(services));
    });
    if (!done) {
        return store_failed(in, done.error());
    }
    return answer ? std::move(*answer) : json_answer(json::object());
}

}  // namespace

http::response put_deployment_status(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:UpdateCoreDeploymentStatus")) {
        return *refused;
    }
    const auto report = body_object(from.asked);
    if (!report) {
        return device_error(400, report.error().message());
    }
    const auto status = string_member(*report, "status").value_or("");
    if (!is_status(status)) {
        return device_error(
            400, "'status' is '" + status + "'; it must be InProgress, Success or Failure.");
    }
    const auto message = string_member(*report, "errorMessage").value_or("");
    in.services.log.info("The core reported on its deployment.", {{"core", from.thing},
                                                                  {"deploymentId", from.part},
                                                                  {"status", status},
                                                                  {"errorMessage", message}});
    return apply(in, from, *report);
}

}  // namespace evergrass::cloud::greengrass
