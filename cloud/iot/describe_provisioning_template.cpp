#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

api_result describe_provisioning_template(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_provisioning_template(in, required_text(from, "templateName"));
    if (!found) {
        return found.error();
    }
    const auto version = require_template_version(in, found->name, found->default_version);
    if (!version) {
        return version.error();
    }
    json::object shown = {{"templateArn", provisioning_template_arn(in, found->name)},
                          {"templateName", found->name},
                          {"creationDate", as_timestamp(found->created_at)},
                          {"lastModifiedDate", as_timestamp(found->updated_at)},
                          {"defaultVersionId", found->default_version},
                          {"templateBody", version->body},
                          {"enabled", found->enabled},
                          {"provisioningRoleArn", found->role_arn},
                          {"type", found->type}};
    if (found->description) {
        shown["description"] = *found->description;
    }
    return reply{std::move(shown)};
}

}  // namespace evergrass::cloud::iot
