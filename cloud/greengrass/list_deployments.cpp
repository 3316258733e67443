#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

json::object as_item(const greengrass_services& in, const deployment& row) {
    return {{"DeploymentId", row.id},
            {"DeploymentArn", deployment_arn(in.identity, row)},
            {"DeploymentType", row.type},
            {"GroupArn", row.group_arn},
            {"CreatedAt", as_timestamp(row.created_at)}};
}

}  // namespace

// Newest first (spec/cloud.md §7.3); of a group that isn't there, none.
api_result list_deployments(greengrass_services& in, const call& from) {
    const auto page = requested_page(from, greengrass_paging);
    if (!page) {
        return page.error();
    }
    const auto before = number_before(page->after);
    if (!before) {
        return bad_token();
    }
    std::vector<deployment> rows;
    const auto hold = in.state.db().lock();
    const auto read = in.state.db().query(
        "greengrass.list_deployments",
        "SELECT id, group_id, type, group_arn, created_at, sequence FROM deployments"
        " WHERE group_id = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3",
        {required_text(from, "GroupId"), *before, page->rows_to_read()}, [&](const db::row& row) {
            deployment one;
            one.id = row.text(0);
            one.group_id = row.text(1);
            one.type = row.text(2);
            one.group_arn = row.text(3);
            one.created_at = row.integer(4);
            one.sequence = row.integer(5);
            rows.push_back(std::move(one));
        });
    if (!read) {
        return internal_error(read.error());
    }
    const auto next =
        cut_to_page(rows, *page, [](const auto& row) { return std::to_string(row.sequence); });
    json::array items;
    for (const auto& row : rows) {
        items.emplace_back(as_item(in, row));
    }
    json::object output;
    output["Deployments"] = std::move(items);
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
