#include "cloud/logs/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::logs {

api_result list_tags_log_group(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    const auto tags = tags_of(in.state, group_arn(in, group->name));
    return tags ? api_result(reply{{{"tags", *tags}}}) : api_result(internal_error(tags.error()));
}

}  // namespace evergrass::cloud::logs
