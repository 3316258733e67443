#include "cloud/logs/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::logs {

api_result delete_log_group(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    auto& db = in.state.db();
    auto outcome = db.run("logs.delete_group_events",
                          "DELETE FROM log_events WHERE stream IN"
                          " (SELECT id FROM log_streams WHERE log_group = ?1)",
                          {group->name});
    if (outcome) {
        outcome = db.run("logs.delete_group_streams",
                         "DELETE FROM log_streams WHERE log_group = ?1", {group->name});
    }
    if (outcome) {
        outcome = drop_tags(in.state, group_arn(in, group->name));
    }
    if (outcome) {
        outcome =
            db.run("logs.delete_group", "DELETE FROM log_groups WHERE name = ?1", {group->name});
    }
    return outcome ? api_result(reply{}) : api_result(internal_error(outcome.error()));
}

}  // namespace evergrass::cloud::logs
