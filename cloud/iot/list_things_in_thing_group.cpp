#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {

api_result list_things_in_thing_group(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_thing_group(in, required_text(from, "thingGroupName"));
    if (!found) {
        return found.error();
    }
    const auto rows = "SELECT DISTINCT thing AS key FROM thing_group_things WHERE group_name IN (" +
                      std::string(tree_below) + " SELECT name FROM tree)";
    listing wanted;
    wanted.statement = "iot.list_things_in_thing_group";
    wanted.rows = rows;
    wanted.bound = {found->name,
                    std::int64_t{bool_member(from.input, "recursive").value_or(false)}};
    wanted.member = "things";
    wanted.item = [](const db::row& row) { return json::value(row.text(0)); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
