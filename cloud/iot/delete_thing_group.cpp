#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iot {

// A group that does not exist is deleted already: no error, as at AWS. Its things stay; its
// policies no longer hold for them.
api_result delete_thing_group(registry& in, const call& from) {
    const auto name = required_text(from, "thingGroupName");
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = find_thing_group(in, name);
        if (!found) {
            return found.error();
        }
        if (!*found) {
            return reply{};
        }
        if (auto conflict = check_group_version(**found, from)) {
            return *conflict;
        }
        const auto has_children =
            exists(in, "iot.thing_group_has_children",
                   "SELECT count(*) FROM thing_groups WHERE parent = ?1", {name});
        if (!has_children) {
            return has_children.error();
        }
        if (*has_children) {
            return invalid_request("Cannot delete thing group " + name +
                                   ": it still has child groups. Delete them first.");
        }
        if (auto failed = write(in, "iot.empty_thing_group",
                                "DELETE FROM thing_group_things WHERE group_name = ?1", {name})) {
            return *failed;
        }
        if (auto failed = write(in, "iot.delete_thing_group_policies",
                                "DELETE FROM policy_targets WHERE target = ?1",
                                {thing_group_arn(in, name)})) {
            return *failed;
        }
        if (auto untagged = drop_tags(in.state, thing_group_arn(in, name)); !untagged) {
            return internal_error(untagged.error());
        }
        if (auto failed = write(in, "iot.delete_thing_group",
                                "DELETE FROM thing_groups WHERE name = ?1", {name})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.things_changed();
    return done;
}

}  // namespace evergrass::cloud::iot
