#include "cloud/logs/operations.hpp"

namespace evergrass::cloud::logs {

api_result delete_retention_policy(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    const auto set = in.state.db().run(
        "logs.drop_retention", "UPDATE log_groups SET retention_days = NULL WHERE name = ?1",
        {group->name});
    return set ? api_result(reply{}) : api_result(internal_error(set.error()));
}

}  // namespace evergrass::cloud::logs
