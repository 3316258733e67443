#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {

api_result add_thing_to_thing_group(registry& in, const call& from) {
    const auto named = named_membership(in, from);
    if (!named) {
        return named.error();
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        if (auto failed = add_to_group(in, named->group, named->thing)) {
            return *failed;
        }
        return reply{};
    });
    in.changes.things_changed();
    return done;
}

}  // namespace evergrass::cloud::iot
