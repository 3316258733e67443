#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

// Newest first.
api_result list_bulk_deployments(greengrass_services& in, const call& from) {
    const auto page = requested_page(from, greengrass_paging);
    if (!page) {
        return page.error();
    }
    const auto before = number_before(page->after);
    if (!before) {
        return bad_token();
    }
    const auto hold = in.state.db().lock();
    auto rows = bulks_before(in.state, *before, page->rows_to_read());
    if (!rows) {
        return internal_error(rows.error());
    }
    const auto next =
        cut_to_page(*rows, *page, [](const auto& row) { return std::to_string(row.sequence); });
    json::array items;
    for (const auto& row : *rows) {
        items.push_back(json::object{{"BulkDeploymentId", row.id},
                                     {"BulkDeploymentArn", bulk_arn(in.identity, row.id)},
                                     {"CreatedAt", as_timestamp(row.created_at)}});
    }
    json::object output;
    output["BulkDeployments"] = std::move(items);
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
