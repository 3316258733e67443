#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

api_result get_bulk_deployment_status(greengrass_services& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_bulk(in, from);
    if (!found) {
        return found.error();
    }
    auto tags = tags_of(in.state, bulk_arn(in.identity, found->id));
    if (!tags) {
        return internal_error(tags.error());
    }
    json::object output{
        {"BulkDeploymentStatus", found->status},
        {"BulkDeploymentMetrics", json::object{{"RecordsProcessed", found->records_processed},
                                               {"InvalidInputRecords", found->invalid_records},
                                               {"RetryAttempts", found->retry_attempts}}},
        {"CreatedAt", as_timestamp(found->created_at)}};
    output["tags"] = std::move(*tags);
    if (found->error_message) {
        output["ErrorMessage"] = *found->error_message;
    }
    if (!found->error_details.empty()) {
        output["ErrorDetails"] = found->error_details;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
