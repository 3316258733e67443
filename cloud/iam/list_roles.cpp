#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result list_roles(iam_registry& in, const call& from) {
    const auto page = requested_page(from, iam_paging);
    if (!page) {
        return page.error();
    }
    std::vector<listed> rows;
    const auto read = in.state.db().query(
        "iam.list_roles",
        "SELECT name, id, path, description, trust, max_session_seconds, created_at FROM iam_roles"
        " WHERE name > ?1 AND substr(path, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3",
        {page->after, string_member(from.input, "PathPrefix").value_or("/"), page->rows_to_read()},
        [&](const db::row& row) {
            rows.push_back({row.text(0), shown(in, read_role(row))});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return listing("Roles", std::move(rows), *page);
}

}  // namespace evergrass::cloud::iam
