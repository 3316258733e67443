#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {
namespace {

constexpr std::int64_t most_template_versions = 5;  // AWS's quota

}  // namespace

api_result create_provisioning_template_version(registry& in, const call& from) {
    const auto body = required_text(from, "templateBody");
    const bool as_default = bool_member(from.input, "setAsDefault").value_or(false);
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_provisioning_template(in, required_text(from, "templateName"));
        if (!found) {
            return found.error();
        }
        if (auto wrong = check_template_body(body, found->type)) {
            return *wrong;
        }
        const auto full =
            exists(in, "iot.template_is_full",
                   "SELECT count(*) >= ?2 FROM provisioning_template_versions WHERE template = ?1",
                   {found->name, most_template_versions});
        if (!full) {
            return full.error();
        }
        if (*full) {
            return api_error{409,
                             "VersionsLimitExceededException",
                             "The provisioning template " + found->name +
                                 " already has the maximum number of versions (5).",
                             {}};
        }
        const auto version = found->last_version + 1;
        if (auto failed = insert_template_version(in, found->name, version, body)) {
            return *failed;
        }
        if (auto failed =
                write(in, "iot.set_last_template_version",
                      "UPDATE provisioning_templates SET last_version = ?2,"
                      " default_version = ?3, updated_at = ?4 WHERE name = ?1",
                      {found->name, version, as_default ? version : found->default_version,
                       now_milliseconds(in)})) {
            return *failed;
        }
        return reply{{{"templateArn", provisioning_template_arn(in, found->name)},
                      {"templateName", found->name},
                      {"versionId", version},
                      {"isDefaultVersion", as_default}}};
    });
}

}  // namespace evergrass::cloud::iot
