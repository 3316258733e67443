#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/unregistered_core.hpp"

namespace evergrass::cloud::greengrass {
namespace {

json::object describe_status(const deployment& shown) {
    json::object out{{"DeploymentStatus", shown.status},
                     {"DeploymentType", shown.type},
                     {"UpdatedAt", as_timestamp(shown.updated_at)}};
    if (shown.error_message) {
        out["ErrorMessage"] = *shown.error_message;
    }
    if (!shown.error_details.empty()) {
        out["ErrorDetails"] = shown.error_details;
    }
    return out;
}

}  // namespace

api_result get_deployment_status(greengrass_services& in, const call& from) {
    const auto id = required_text(from, "DeploymentId");
    return in_transaction(in.state, [&]() -> api_result {
        auto found = find_deployment(in.state, id);
        if (!found) {
            return internal_error(found.error());
        }
        if (!*found || (*found)->group_id != required_text(from, "GroupId")) {
            return invalid_input("Deployment '" + id + "' does not exist.");
        }
        const auto settled = fail_without_core(in, **found);
        if (!settled) {
            return internal_error(settled.error());
        }
        return reply{describe_status(**found)};
    });
}

}  // namespace evergrass::cloud::greengrass
