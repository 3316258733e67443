#include "cloud/iot/policy_targets.hpp"

namespace evergrass::cloud::iot {

api_result attach_policy_to(registry& in, const std::string& policy, const std::string& target) {
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, policy);
        if (!found) {
            return found.error();
        }
        const auto id = require_principal(in, target);
        if (!id) {
            return id.error();
        }
        if (auto failed =
                write(in, "iot.attach_policy",
                      "INSERT OR IGNORE INTO policy_targets(policy, target) VALUES(?1, ?2)",
                      {found->name, certificate_arn(in, *id)})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();
    return done;
}

api_result detach_policy_from(registry& in, const std::string& policy, const std::string& target) {
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, policy);
        if (!found) {
            return found.error();
        }
        if (auto failed = write(in, "iot.detach_policy",
                                "DELETE FROM policy_targets WHERE policy = ?1 AND target = ?2",
                                {found->name, target})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
