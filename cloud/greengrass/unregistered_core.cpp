#include "cloud/greengrass/unregistered_core.hpp"

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

}  // namespace

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

}  // namespace evergrass::cloud::greengrass
