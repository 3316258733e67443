#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {

// The groups that the thing was put into, not those above them.
api_result list_thing_groups_for_thing(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_thing(in, required_text(from, "thingName"));
    if (!found) {
        return found.error();
    }
    listing wanted;
    wanted.statement = "iot.list_thing_groups_for_thing";
    wanted.rows = "SELECT group_name AS key FROM thing_group_things WHERE thing = ?3";
    wanted.bound = {found->name};
    wanted.member = "thingGroups";
    wanted.item = [&in](const db::row& row) { return json::value(name_and_arn(in, row.text(0))); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
