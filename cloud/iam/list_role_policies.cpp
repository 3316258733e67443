#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result list_role_policies(iam_registry& in, const call& from) {
    const auto page = requested_page(from, iam_paging);
    if (!page) {
        return page.error();
    }
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    std::vector<listed> rows;
    const auto read = in.state.db().query(
        "iam.list_role_policies",
        "SELECT name FROM iam_role_policies WHERE role = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
        {role->name, page->after, page->rows_to_read()}, [&](const db::row& row) {
            rows.push_back({row.text(0), json::value(row.text(0))});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return listing("PolicyNames", std::move(rows), *page);
}

}  // namespace evergrass::cloud::iam
