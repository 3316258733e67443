#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {

api_result describe_thing_group(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_thing_group(in, required_text(from, "thingGroupName"));
    if (!found) {
        return found.error();
    }
    const auto above = ancestors_of(in, *found);
    if (!above) {
        return above.error();
    }
    json::object metadata = {{"creationDate", as_timestamp(found->created_at)}};
    if (found->parent) {
        metadata["parentGroupName"] = *found->parent;
        auto& path = metadata["rootToParentThingGroups"].emplace_array();
        for (const auto& each : *above) {
            path.push_back(name_and_arn(in, each));
        }
    }
    return reply{{{"thingGroupName", found->name},
                  {"thingGroupId", found->id},
                  {"thingGroupArn", thing_group_arn(in, found->name)},
                  {"version", found->version},
                  {"thingGroupProperties", found->properties},
                  {"thingGroupMetadata", std::move(metadata)}}};
}

}  // namespace evergrass::cloud::iot
