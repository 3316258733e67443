#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

api_result update_provisioning_template(registry& in, const call& from) {
    if (object_member(from.input, "preProvisioningHook") != nullptr) {
        return invalid_request(
            "preProvisioningHook: this service runs no functions and cannot ask one.");
    }
    return in_transaction(in.state, [&]() -> api_result {
        auto found = require_provisioning_template(in, required_text(from, "templateName"));
        if (!found) {
            return found.error();
        }
        if (auto description = string_member(from.input, "description")) {
            found->description = std::move(description);
        }
        found->enabled = bool_member(from.input, "enabled").value_or(found->enabled);
        found->role_arn =
            string_member(from.input, "provisioningRoleArn").value_or(found->role_arn);
        if (const auto version = int_member(from.input, "defaultVersionId")) {
            if (const auto there = require_template_version(in, found->name, *version); !there) {
                return there.error();
            }
            found->default_version = *version;
        }
        if (auto failed =
                write(in, "iot.update_provisioning_template",
                      "UPDATE provisioning_templates SET description = ?2,"
                      " enabled = ?3, role_arn = ?4, default_version = ?5,"
                      " updated_at = ?6 WHERE name = ?1",
                      {found->name, text_or_null(found->description), std::int64_t{found->enabled},
                       found->role_arn, found->default_version, now_milliseconds(in)})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
