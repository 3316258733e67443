#include "cloud/logs/operations.hpp"

namespace evergrass::cloud::logs {

api_result create_log_stream(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    const auto name = string_member(from.input, "logStreamName").value_or("");
    const auto there = require_stream(in, group->name, name);
    if (there) {
        return already_exists("The specified log stream already exists");
    }
    if (there.error().code == internal_failure) {
        return there.error();
    }
    auto made = insert_stream(in, group->name, name);
    return made ? api_result(reply{}) : api_result(made.error());
}

}  // namespace evergrass::cloud::logs
