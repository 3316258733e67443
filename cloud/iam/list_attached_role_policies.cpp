#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result list_attached_role_policies(iam_registry& in, const call& from) {
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
        "iam.list_attached",
        "SELECT policy_arn FROM iam_attachments WHERE role = ?1 AND policy_arn > ?2"
        " ORDER BY policy_arn LIMIT ?3",
        {role->name, page->after, page->rows_to_read()}, [&](const db::row& row) {
            const auto arn = row.text(0);
            rows.push_back({arn, json::object{{"PolicyArn", arn},
                                              {"PolicyName", arn.substr(arn.rfind('/') + 1)}}});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return listing("AttachedPolicies", std::move(rows), *page);
}

}  // namespace evergrass::cloud::iam
