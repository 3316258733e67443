#include "cloud/logs/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::logs {

api_result untag_resource(log_registry& in, const call& from) {
    const auto group = group_of_arn(in, from, "resourceArn");
    if (!group) {
        return group.error();
    }
    for (const auto& key : *array_member(from.input, "tagKeys")) {
        const auto dropped = drop_tag(in.state, group_arn(in, group->name), key.as_string());
        if (!dropped) {
            return internal_error(dropped.error());
        }
    }
    return reply{};
}

}  // namespace evergrass::cloud::logs
