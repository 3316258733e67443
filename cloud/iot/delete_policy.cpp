#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iot {
namespace {

std::optional<api_error> why_not(registry& in, const std::string& name) {
    const auto conflict = [](std::string message) {
        return api_error{409, "DeleteConflictException", std::move(message), {}};
    };
    const auto attached = exists(in, "iot.policy_is_attached",
                                 "SELECT count(*) FROM policy_targets WHERE policy = ?1", {name});
    if (!attached) {
        return attached.error();
    }
    if (*attached) {
        return conflict(
            "The policy cannot be deleted as the policy is attached to one or more principals "
            "(name=" +
            name + ")");
    }
    const auto versioned =
        exists(in, "iot.policy_has_versions",
               "SELECT count(*) - 1 FROM policy_versions WHERE policy = ?1", {name});
    if (!versioned) {
        return versioned.error();
    }
    if (*versioned) {
        return conflict(
            "Cannot delete the policy because it has one or more policy versions attached to it "
            "(name=" +
            name + ")");
    }
    return std::nullopt;
}

}  // namespace

api_result delete_policy(registry& in, const call& from) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_policy(in, required_text(from, "policyName"));
        if (!found) {
            return found.error();
        }
        if (auto refused = why_not(in, found->name)) {
            return *refused;
        }
        if (auto failed = write(in, "iot.delete_policy_version_last",
                                "DELETE FROM policy_versions WHERE policy = ?1", {found->name})) {
            return *failed;
        }
        if (auto untagged = drop_tags(in.state, policy_arn(in, found->name)); !untagged) {
            return internal_error(untagged.error());
        }
        if (auto failed = write(in, "iot.delete_policy", "DELETE FROM policies WHERE name = ?1",
                                {found->name})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
