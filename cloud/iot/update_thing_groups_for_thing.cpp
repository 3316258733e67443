#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {
namespace {

std::vector<std::string> names(const call& from, std::string_view member) {
    std::vector<std::string> all;
    if (const auto* const list = array_member(from.input, member)) {
        for (const auto& each : *list) {
            all.emplace_back(each.as_string());
        }
    }
    return all;
}

}  // namespace

// All of it or nothing.
api_result update_thing_groups_for_thing(registry& in, const call& from) {
    const auto thing = required_text(from, "thingName");
    if (thing.empty()) {
        return invalid_request("thingName must be given.");
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        for (const auto& group : names(from, "thingGroupsToRemove")) {
            if (auto failed = remove_from_group(in, group, thing)) {
                return *failed;
            }
        }
        for (const auto& group : names(from, "thingGroupsToAdd")) {
            if (auto failed = add_to_group(in, group, thing)) {
                return *failed;
            }
        }
        return reply{};
    });
    in.changes.things_changed();
    return done;
}

}  // namespace evergrass::cloud::iot
