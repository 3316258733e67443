#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/unregistered_core.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

void describe_deployment(const greengrass_services& in, const deployment& made,
                         json::object& into) {
    into["DeploymentId"] = made.id;
    into["DeploymentArn"] = deployment_arn(in.identity, made);
    into["DeploymentStatus"] = made.status;
    into["CreatedAt"] = as_timestamp(made.created_at);
    if (made.error_message) {
        into["ErrorMessage"] = *made.error_message;
    }
    if (!made.error_details.empty()) {
        into["ErrorDetails"] = made.error_details;
    }
}

// As the deployment is now, or why there is none.
result<json::object> as_item(greengrass_services& in, const bulk_report& report) {
    json::object item{
        {"GroupArn", version_arn(in.identity, group_family().kind, report.record.group_id,
                                 report.record.group_version)},
        {"DeploymentType", "NewDeployment"},
        {"DeploymentStatus", "Failure"},
        {"CreatedAt", as_timestamp(report.started_at)}};
    if (report.error_message) {
        item["ErrorMessage"] = *report.error_message;
        item["ErrorDetails"] = report.error_details;
    }
    if (report.deployment_id) {
        auto made = find_deployment(in.state, *report.deployment_id);
        if (!made) {
            return made.error();
        }
        if (*made) {
            if (auto settled = fail_without_core(in, **made); !settled) {
                return settled.error();
            }
            describe_deployment(in, **made, item);
        }
    }
    return item;
}

answer<json::array> as_items(greengrass_services& in, const std::vector<bulk_report>& reports) {
    json::array items;
    for (const auto& report : reports) {
        auto item = as_item(in, report);
        if (!item) {
            return internal_error(item.error());
        }
        items.push_back(std::move(*item));
    }
    return items;
}

}  // namespace

// Records that have had their turn, in the order of the input.
api_result list_bulk_deployment_detailed_reports(greengrass_services& in, const call& from) {
    const auto page = requested_page(from, greengrass_paging);
    if (!page) {
        return page.error();
    }
    const auto after =
        page->after.empty() ? std::optional<std::int64_t>(0) : number_before(page->after);
    if (!after) {
        return bad_token();
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto bulk = require_bulk(in, from);
        if (!bulk) {
            return bulk.error();
        }
        auto rows = reports_after(in.state, bulk->sequence, *after, page->rows_to_read());
        if (!rows) {
            return internal_error(rows.error());
        }
        const auto next =
            cut_to_page(*rows, *page, [](const auto& row) { return std::to_string(row.ordinal); });
        auto items = as_items(in, *rows);
        if (!items) {
            return items.error();
        }
        json::object output;
        output["Deployments"] = std::move(*items);
        if (next) {
            output["NextToken"] = *next;
        }
        return reply{std::move(output)};
    });
}

}  // namespace evergrass::cloud::greengrass
