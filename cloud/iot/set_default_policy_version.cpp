#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"

namespace evergrass::cloud::iot {

api_result set_default_policy_version(registry& in, const call& from) {
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, required_text(from, "policyName"));
        if (!found) {
            return found.error();
        }
        const auto version =
            require_policy_version(in, found->name, required_text(from, "policyVersionId"));
        if (!version) {
            return version.error();
        }
        if (auto failed = write(in, "iot.set_default_policy_version",
                                "UPDATE policies SET default_version = ?2, updated_at = ?3"
                                " WHERE name = ?1",
                                {found->name, version->version, now_milliseconds(in)})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
