#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_types.hpp"

namespace evergrass::cloud::iot {

// Things that have it keep it. Deprecating it again leaves the date as it was.
api_result deprecate_thing_type(registry& in, const call& from) {
    const auto name = required_text(from, "thingTypeName");
    const bool undo = bool_member(from.input, "undoDeprecate").value_or(false);
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_thing_type(in, name);
        if (!found) {
            return found.error();
        }
        if (auto failed = write(
                in, "iot.deprecate_thing_type",
                "UPDATE thing_types SET deprecated_at ="
                " CASE WHEN ?2 THEN NULL ELSE coalesce(deprecated_at, ?3) END WHERE name = ?1",
                {name, std::int64_t{undo}, now_milliseconds(in)})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
