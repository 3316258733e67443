#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result list_policy_versions(iam_registry& in, const call& from) {
    const auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    json::array versions;
    const auto read = in.state.db().query(
        "iam.list_versions",
        "SELECT version, created_at FROM iam_policy_versions WHERE arn = ?1 ORDER BY version DESC",
        {policy->arn}, [&](const db::row& row) {
            versions.push_back(
                json::object{{"VersionId", "v" + std::to_string(row.integer(0))},
                             {"IsDefaultVersion", row.integer(0) == policy->default_version},
                             {"CreateDate", row.integer(1) / 1000}});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return reply{{{"Versions", std::move(versions)}, {"IsTruncated", false}}};
}

}  // namespace evergrass::cloud::iam
