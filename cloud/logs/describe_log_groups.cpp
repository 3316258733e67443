#include "cloud/gateway/paging.hpp"
#include "cloud/logs/operations.hpp"

namespace evergrass::cloud::logs {
namespace {

constexpr paging_style paging{"limit", "nextToken", "InvalidParameterException", 50, 50};

}  // namespace

api_result describe_log_groups(log_registry& in, const call& from) {
    const auto page = requested_page(from, paging);
    if (!page) {
        return page.error();
    }
    const auto prefix = string_member(from.input, "logGroupNamePrefix").value_or("");
    std::vector<std::pair<std::string, json::value>> rows;
    const auto read = in.state.db().query(
        "logs.list_groups",
        "SELECT name, retention_days, created_at, (SELECT coalesce(sum(bytes), 0) FROM log_streams"
        " WHERE log_group = log_groups.name) FROM log_groups WHERE substr(name, 1, length(?1)) = ?1"
        " AND name > ?2 ORDER BY name LIMIT ?3",
        {prefix, page->after, page->rows_to_read()}, [&](const db::row& row) {
            json::object shown{{"logGroupName", row.text(0)},
                               {"creationTime", row.integer(2)},
                               {"metricFilterCount", 0},
                               {"arn", group_arn(in, row.text(0)) + ":*"},
                               {"storedBytes", row.integer(3)}};
            if (!row.is_null(1)) {
                shown["retentionInDays"] = row.integer(1);
            }
            rows.emplace_back(row.text(0), std::move(shown));
        });
    if (!read) {
        return internal_error(read.error());
    }
    const auto next = cut_to_page(rows, *page, [](const auto& row) { return row.first; });
    json::array groups;
    for (auto& row : rows) {
        groups.push_back(std::move(row.second));
    }
    json::object output{{"logGroups", std::move(groups)}};
    if (next) {
        output["nextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::logs
