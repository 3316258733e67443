#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_types.hpp"
#include "cloud/store/tags.hpp"

#include <chrono>

namespace evergrass::cloud::iot {
namespace {

// As at AWS: so that what was just about to use it has time to learn of it.
constexpr std::chrono::minutes deprecated_before_deletion{5};

}  // namespace

api_result delete_thing_type(registry& in, const call& from) {
    const auto name = required_text(from, "thingTypeName");
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_thing_type(in, name);
        if (!found) {
            return found.error();
        }
        if (!found->deprecated_at) {
            return invalid_request("Cannot delete thing type " + name +
                                   ": it is not deprecated. Call DeprecateThingType first.");
        }
        const auto age = std::chrono::milliseconds(now_milliseconds(in) - *found->deprecated_at);
        if (age < deprecated_before_deletion) {
            return invalid_request("Cannot delete thing type " + name +
                                   ": wait for 5 minutes after it was deprecated.");
        }
        const auto in_use = exists(in, "iot.thing_type_is_used",
                                   "SELECT count(*) FROM things WHERE type_name = ?1", {name});
        if (!in_use) {
            return in_use.error();
        }
        if (*in_use) {
            return invalid_request("Cannot delete thing type " + name +
                                   ": things have it. Remove it from them by UpdateThing.");
        }
        if (auto untagged = drop_tags(in.state, thing_type_arn(in, name)); !untagged) {
            return internal_error(untagged.error());
        }
        if (auto failed = write(in, "iot.delete_thing_type",
                                "DELETE FROM thing_types WHERE name = ?1", {name})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
