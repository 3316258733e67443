#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {

api_result update_thing_group(registry& in, const call& from) {
    const auto name = required_text(from, "thingGroupName");
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_thing_group(in, name);
        if (!found) {
            return found.error();
        }
        if (auto conflict = check_group_version(*found, from)) {
            return *conflict;
        }
        const auto properties = apply_group_properties(found->properties, from.input);
        if (!properties) {
            return properties.error();
        }
        if (auto failed = write(in, "iot.update_thing_group",
                                "UPDATE thing_groups SET properties = ?2, version = version + 1"
                                " WHERE name = ?1",
                                {name, json::serialize(*properties)})) {
            return *failed;
        }
        return reply{{{"version", found->version + 1}}};
    });
}

}  // namespace evergrass::cloud::iot
