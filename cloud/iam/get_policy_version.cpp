#include "cloud/iam/operations.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud::iam {

api_result get_policy_version(iam_registry& in, const call& from) {
    const auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    const auto id = string_member(from.input, "VersionId").value_or("");
    std::optional<json::object> found;
    const auto read = in.state.db().query(
        "iam.get_version",
        "SELECT document, created_at FROM iam_policy_versions WHERE arn = ?1 AND version = ?2",
        {policy->arn, version_number(id).value_or(0)}, [&](const db::row& row) {
            found =
                json::object{{"Document", percent_encode(row.text(0))},
                             {"VersionId", id},
                             {"IsDefaultVersion", version_number(id) == policy->default_version},
                             {"CreateDate", row.integer(1) / 1000}};
        });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return no_such_version(*policy, id);
    }
    return reply{{{"PolicyVersion", std::move(*found)}}};
}

}  // namespace evergrass::cloud::iam
