#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

// Deployments that were begun go on (spec/cloud.md §1.7); of the other records none has its turn.
api_result stop_bulk_deployment(greengrass_services& in, const call& from) {
    return in_transaction(in.state, [&]() -> api_result {
        auto found = require_bulk(in, from);
        if (!found) {
            return found.error();
        }
        if (found->has_ended()) {
            return api_error{400, "BadRequestException",
                             "Bulk deployment '" + found->id + "' is " + found->status +
                                 " already; there is nothing to stop."};
        }
        found->status = "Stopping";
        const auto changed = update_bulk(in.state, *found, now_milliseconds(in));
        if (!changed) {
            return internal_error(changed.error());
        }
        in.bulk_changed();
        return reply{};
    });
}

}  // namespace evergrass::cloud::greengrass
