#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/registration.hpp"

namespace evergrass::cloud::greengrass {
namespace {

result<std::optional<deployment_fault>> core_fault(greengrass_services& in,
                                                   const deployment& waiting) {
    const auto manifest = manifest_of(waiting);
    if (!manifest) {
        return manifest.error();
    }
    return registration_fault(in, manifest->core, "Core '" + manifest->core.thing_name() + "'");
}

// A core that isn't registered can never fetch its deployment: when the grace is over, that is why
// the deployment failed. Found when somebody asks, as nobody else is concerned.
result<void> fail_without_core(greengrass_services& in, deployment& asked) {
    const auto now = now_milliseconds(in);
    const bool overdue = now - asked.created_at > in.registration_grace.count();
    if (!asked.is_in_progress() || asked.is_reset() || !overdue) {
        return {};
    }
    const auto fault = core_fault(in, asked);
    if (!fault) {
        return fault.error();
    }
    if (!*fault) {
        return {};
    }
    asked.status = "Failure";
    asked.error_message = error_message_of({**fault});
    asked.error_details = error_details_of({**fault});
    asked.updated_at = now;
    auto changed = set_deployment_status(in.state, asked);
    if (!changed) {
        return changed;
    }
    // In progress means it is the group's newest.
    return put_former_in_force(in.state, asked.group_id);
}

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
