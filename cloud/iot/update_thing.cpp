#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/iot/thing_attributes.hpp"
#include "cloud/iot/thing_types.hpp"

namespace evergrass::cloud::iot {

api_result update_thing(registry& in, const call& from) {
    const auto name = required_text(from, "thingName");
    const auto type = string_member(from.input, "thingTypeName");
    const bool remove_type = bool_member(from.input, "removeThingType").value_or(false);
    if (type && remove_type) {
        return invalid_request("thingTypeName and removeThingType exclude each other.");
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto thing = require_thing(in, name);
        if (!thing) {
            return thing.error();
        }
        const auto expected = int_member(from.input, "expectedVersion");
        if (expected && *expected != thing->version) {
            return api_error{
                409,
                "VersionConflictException",
                "The version for thing " + name + " does not match the expected version.",
                {}};
        }
        auto attributes = apply_attributes(thing->attributes, from.input);
        if (!attributes) {
            return attributes.error();
        }
        if (type && type != thing->type_name) {
            if (auto refused = check_type_of_thing(in, *type)) {
                return *refused;
            }
        }
        const auto new_type = type ? type : remove_type ? std::nullopt : thing->type_name;
        if (auto failed = write(in, "iot.update_thing",
                                "UPDATE things SET type_name = ?2, attributes = ?3,"
                                " version = version + 1 WHERE name = ?1",
                                {name, text_or_null(new_type), json::serialize(*attributes)})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();  // policies may name type and attributes
    return done;
}

}  // namespace evergrass::cloud::iot
