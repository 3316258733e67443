#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

// At most five, so not paged; newest first.
api_result list_provisioning_template_versions(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_provisioning_template(in, required_text(from, "templateName"));
    if (!found) {
        return found.error();
    }
    json::array versions;
    const auto read = in.state.db().query(
        "iot.list_template_versions",
        "SELECT version, created_at FROM provisioning_template_versions WHERE template = ?1"
        " ORDER BY version DESC",
        {found->name}, [&](const db::row& row) {
            versions.push_back({{"versionId", row.integer(0)},
                                {"creationDate", as_timestamp(row.integer(1))},
                                {"isDefaultVersion", row.integer(0) == found->default_version}});
        });
    if (!read) {
        return internal_error(read.error());
    }
    return reply{{{"versions", std::move(versions)}}};
}

}  // namespace evergrass::cloud::iot
