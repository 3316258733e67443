#include "cloud/iot/operations.hpp"
#include "cloud/iot/tags.hpp"
#include "cloud/iot/thing_groups.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::iot {
namespace {

reply described_group(const registry& in, std::string_view name, std::string_view id) {
    return {{{"thingGroupName", name},
             {"thingGroupArn", thing_group_arn(in, name)},
             {"thingGroupId", id}}};
}

std::optional<api_error> check_parent(registry& in, const std::string& parent) {
    const auto found = require_thing_group(in, parent);
    if (!found) {
        return found.error();
    }
    const auto above = ancestors_of(in, *found);
    if (!above) {
        return above.error();
    }
    if (above->size() + 2 > most_group_levels) {
        return invalid_request("Thing groups may have 7 levels; parentGroupName " + parent +
                               " is on the last one.");
    }
    return std::nullopt;
}

}  // namespace

// The same name with the same parent and properties answers as before.
api_result create_thing_group(registry& in, const call& from) {
    const auto name = required_text(from, "thingGroupName");
    const auto parent = string_member(from.input, "parentGroupName");
    const auto properties = apply_group_properties({}, from.input);
    if (!properties) {
        return properties.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = find_thing_group(in, name);
        if (!found) {
            return found.error();
        }
        if (*found) {
            const auto& old = **found;
            if (old.parent == parent && old.properties == *properties) {
                return described_group(in, name, old.id);
            }
            return api_error{409,
                             "ResourceAlreadyExistsException",
                             "Thing group " + name + " already exists in account " +
                                 in.identity.account +
                                 " with a different parent or other properties.",
                             {{"resourceId", old.id}, {"resourceArn", thing_group_arn(in, name)}}};
        }
        if (parent) {
            if (auto refused = check_parent(in, *parent)) {
                return *refused;
            }
        }
        const auto id = uuid_v4();
        if (auto failed = write(in, "iot.create_thing_group",
                                "INSERT INTO thing_groups(name, id, parent, properties, created_at)"
                                " VALUES(?1, ?2, ?3, ?4, ?5)",
                                {name, id, parent ? db::value(*parent) : db::value(),
                                 json::serialize(*properties), now_milliseconds(in)})) {
            return *failed;
        }
        if (auto refused =
                add_tags(in, thing_group_arn(in, name), array_member(from.input, "tags"))) {
            return *refused;
        }
        return described_group(in, name, id);
    });
}

}  // namespace evergrass::cloud::iot
