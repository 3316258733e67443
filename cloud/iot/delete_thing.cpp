#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

// A thing that does not exist is deleted already: no error, as at AWS.
api_result delete_thing(registry& in, const call& from) {
    const auto name = required_text(from, "thingName");
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto thing = find_thing(in, name);
        if (!thing) {
            return thing.error();
        }
        if (!*thing) {
            return reply{};
        }
        const auto expected = int_member(from.input, "expectedVersion");
        if (expected && *expected != (*thing)->version) {
            return api_error{
                409,
                "VersionConflictException",
                "The version for thing " + name + " does not match the expected version.",
                {}};
        }
        const auto attached =
            exists(in, "iot.thing_is_attached",
                   "SELECT count(*) FROM thing_certificates WHERE thing = ?1", {name});
        if (!attached) {
            return attached.error();
        }
        if (*attached) {
            return invalid_request("Cannot delete. Thing " + name +
                                   " is still attached to one or more principals");
        }
        if (auto failed = write(in, "iot.thing_leaves_groups",
                                "DELETE FROM thing_group_things WHERE thing = ?1", {name})) {
            return *failed;
        }
        if (auto failed =
                write(in, "iot.delete_thing", "DELETE FROM things WHERE name = ?1", {name})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.things_changed();
    return done;
}

}  // namespace evergrass::cloud::iot
