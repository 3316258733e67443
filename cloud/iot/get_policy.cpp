#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"

namespace evergrass::cloud::iot {

api_result get_policy(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_policy(in, required_text(from, "policyName"));
    if (!found) {
        return found.error();
    }
    const auto version_id = std::to_string(found->default_version);
    const auto version = require_policy_version(in, found->name, version_id);
    if (!version) {
        return version.error();
    }
    return reply{{{"policyName", found->name},
                  {"policyArn", policy_arn(in, found->name)},
                  {"policyDocument", version->document},
                  {"defaultVersionId", version_id},
                  {"creationDate", as_timestamp(found->created_at)},
                  {"lastModifiedDate", as_timestamp(found->updated_at)},
                  {"generationId", version_id}}};
}

}  // namespace evergrass::cloud::iot
