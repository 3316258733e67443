#include "cloud/logs/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::logs {

api_result create_log_group(log_registry& in, const call& from) {
    const auto name = string_member(from.input, "logGroupName").value_or("");
    const auto there = find_group(in, name);
    if (!there) {
        return there.error();
    }
    if (*there) {
        return already_exists("The specified log group already exists");
    }
    if (auto made = insert_group(in, name); !made) {
        return made.error();
    }
    if (const auto* tags = object_member(from.input, "tags")) {
        if (const auto set = set_tags(in.state, group_arn(in, name), *tags); !set) {
            return internal_error(set.error());
        }
    }
    return reply{};
}

}  // namespace evergrass::cloud::logs
