#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

api_result delete_provisioning_template_version(registry& in, const call& from) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_provisioning_template(in, required_text(from, "templateName"));
        if (!found) {
            return found.error();
        }
        const auto version = require_template_version(
            in, found->name, int_member(from.input, "versionId").value_or(0));
        if (!version) {
            return version.error();
        }
        if (version->version == found->default_version) {
            return api_error{409,
                             "DeleteConflictException",
                             "Cannot delete the default version of a provisioning template.",
                             {}};
        }
        if (auto failed = write(in, "iot.delete_template_version",
                                "DELETE FROM provisioning_template_versions"
                                " WHERE template = ?1 AND version = ?2",
                                {found->name, version->version})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
