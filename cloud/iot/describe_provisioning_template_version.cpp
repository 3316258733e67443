#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

api_result describe_provisioning_template_version(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_provisioning_template(in, required_text(from, "templateName"));
    if (!found) {
        return found.error();
    }
    const auto version =
        require_template_version(in, found->name, int_member(from.input, "versionId").value_or(0));
    if (!version) {
        return version.error();
    }
    return reply{{{"versionId", version->version},
                  {"creationDate", as_timestamp(version->created_at)},
                  {"templateBody", version->body},
                  {"isDefaultVersion", version->version == found->default_version}}};
}

}  // namespace evergrass::cloud::iot
