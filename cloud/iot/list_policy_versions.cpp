#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"

namespace evergrass::cloud::iot {

// At most five, so not paged; newest first.
api_result list_policy_versions(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_policy(in, required_text(from, "policyName"));
    if (!found) {
        return found.error();
    }
    json::array versions;
    const auto read = in.state.db().query(
        "iot.list_policy_versions",
        "SELECT version, created_at FROM policy_versions WHERE policy = ?1 ORDER BY version DESC",
        {found->name}, [&](const db::row& row) {
            versions.push_back({{"versionId", std::to_string(row.integer(0))},
                                {"isDefaultVersion", row.integer(0) == found->default_version},
                                {"createDate", as_timestamp(row.integer(1))}});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return reply{{{"policyVersions", std::move(versions)}}};
}

}  // namespace evergrass::cloud::iot
