#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result list_policies(iam_registry& in, const call& from) {
    const auto page = requested_page(from, iam_paging);
    if (!page) {
        return page.error();
    }
    std::vector<std::string> arns;
    // AWS's own are not kept here.
    const bool none = string_member(from.input, "Scope") == "AWS";
    const auto read = in.state.db().query(
        "iam.list_policies",
        "SELECT arn FROM iam_policies WHERE arn > ?1 AND substr(path, 1, length(?2)) = ?2"
        " AND (?3 = 0 OR EXISTS(SELECT 1 FROM iam_attachments WHERE policy_arn = arn))"
        " ORDER BY arn LIMIT ?4",
        {page->after, string_member(from.input, "PathPrefix").value_or("/"),
         std::int64_t{bool_member(from.input, "OnlyAttached").value_or(false) ? 1 : 0},
         none ? std::int64_t{0} : page->rows_to_read()},
        [&](const db::row& row) { arns.push_back(row.text(0)); });
    if (!read) {
        return internal_error(read.error());
    }
    std::vector<listed> rows;
    for (const auto& arn : arns) {
        const auto policy = find_policy(in, arn);
        auto item = policy ? shown(in, **policy) : answer<json::object>(policy.error());
        if (!item) {
            return item.error();
        }
        rows.push_back({arn, std::move(*item)});
    }
    return listing("Policies", std::move(rows), *page);
}

}  // namespace evergrass::cloud::iam
