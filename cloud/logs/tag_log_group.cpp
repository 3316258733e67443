#include "cloud/logs/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::logs {

api_result tag_log_group(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    const auto set =
        set_tags(in.state, group_arn(in, group->name), *object_member(from.input, "tags"));
    return set ? api_result(reply{}) : api_result(internal_error(set.error()));
}

}  // namespace evergrass::cloud::logs
