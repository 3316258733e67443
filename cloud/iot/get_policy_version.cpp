#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"

namespace evergrass::cloud::iot {

api_result get_policy_version(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_policy(in, required_text(from, "policyName"));
    if (!found) {
        return found.error();
    }
    const auto version =
        require_policy_version(in, found->name, required_text(from, "policyVersionId"));
    if (!version) {
        return version.error();
    }
    const auto version_id = std::to_string(version->version);
    return reply{{{"policyArn", policy_arn(in, found->name)},
                  {"policyName", found->name},
                  {"policyDocument", version->document},
                  {"policyVersionId", version_id},
                  {"isDefaultVersion", version->version == found->default_version},
                  {"creationDate", as_timestamp(version->created_at)},
                  {"lastModifiedDate", as_timestamp(version->created_at)},
                  {"generationId", version_id}}};
}

}  // namespace evergrass::cloud::iot
