#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"
#include "cloud/iot/tags.hpp"

namespace evergrass::cloud::iot {

// The role is kept and shown; the service makes what a template asks for by itself.
api_result create_provisioning_template(registry& in, const call& from) {
    const auto name = required_text(from, "templateName");
    const auto body = required_text(from, "templateBody");
    const auto type = string_member(from.input, "type").value_or("FLEET_PROVISIONING");
    if (auto wrong = check_template_body(body, type)) {
        return *wrong;
    }
    // A hook decides who may provision: one that is not asked must not look as if it were.
    if (object_member(from.input, "preProvisioningHook") != nullptr) {
        return invalid_request(
            "preProvisioningHook: this service runs no functions and cannot ask one.");
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = find_provisioning_template(in, name);
        if (!found) {
            return found.error();
        }
        const auto arn = provisioning_template_arn(in, name);
        if (*found) {
            return api_error{409,
                             "ResourceAlreadyExistsException",
                             "The provisioning template " + name + " already exists.",
                             {{"resourceId", name}, {"resourceArn", arn}}};
        }
        if (auto failed =
                write(in, "iot.create_provisioning_template",
                      "INSERT INTO provisioning_templates(name, description, role_arn, enabled,"
                      " type, default_version, last_version, created_at, updated_at)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, 1, 1, ?6, ?6)",
                      {name, text_or_null(string_member(from.input, "description")),
                       required_text(from, "provisioningRoleArn"),
                       std::int64_t{bool_member(from.input, "enabled").value_or(false)}, type,
                       now_milliseconds(in)})) {
            return *failed;
        }
        if (auto failed = insert_template_version(in, name, 1, body)) {
            return *failed;
        }
        if (auto refused = add_tags(in, arn, array_member(from.input, "tags"))) {
            return *refused;
        }
        return reply{{{"templateArn", arn}, {"templateName", name}, {"defaultVersionId", 1}}};
    });
}

}  // namespace evergrass::cloud::iot
