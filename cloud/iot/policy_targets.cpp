#include "cloud/iot/policy_targets.hpp"

#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {

answer<std::string> require_policy_target(registry& in, const std::string& arn) {
    if (const auto group = thing_group_of_arn(in, arn)) {
        const auto found = require_thing_group(in, *group);
        return found ? answer<std::string>(arn) : answer<std::string>(found.error());
    }
    const auto id = require_principal(in, arn);
    return id ? answer<std::string>(certificate_arn(in, *id)) : answer<std::string>(id.error());
}

api_result attach_policy_to(registry& in, const std::string& policy, const std::string& target) {
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, policy);
        if (!found) {
            return found.error();
        }
        const auto arn = require_policy_target(in, target);
        if (!arn) {
            return arn.error();
        }
        if (auto failed =
                write(in, "iot.attach_policy",
                      "INSERT OR IGNORE INTO policy_targets(policy, target) VALUES(?1, ?2)",
                      {found->name, *arn})) {
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
