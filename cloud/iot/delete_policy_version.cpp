#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"

namespace evergrass::cloud::iot {

api_result delete_policy_version(registry& in, const call& from) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, required_text(from, "policyName"));
        if (!found) {
            return found.error();
        }
        const auto version =
            require_policy_version(in, found->name, required_text(from, "policyVersionId"));
        if (!version) {
            return version.error();
        }
        if (version->version == found->default_version) {
            return invalid_request("Cannot delete the default version of a policy");
        }
        if (auto failed = write(in, "iot.delete_policy_version",
                                "DELETE FROM policy_versions WHERE policy = ?1 AND version = ?2",
                                {found->name, version->version})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
