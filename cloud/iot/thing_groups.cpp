#include "cloud/iot/thing_groups.hpp"

#include "cloud/iot/thing_attributes.hpp"
#include "libs/base/arn.hpp"

#include <algorithm>

namespace evergrass::cloud::iot {
namespace {

std::optional<std::string> resource_of(const registry& in, std::string_view arn,
                                       std::string_view kind) {
    const auto named = parse_arn(arn);
    if (!named || !named->resource.starts_with(kind)) {
        return std::nullopt;
    }
    auto name = named->resource.substr(kind.size());
    return arn == in.identity.iot_arn(named->resource) ? std::optional(std::move(name))
                                                       : std::nullopt;
}

using name_in_arn = std::optional<std::string> (*)(const registry&, std::string_view);

answer<std::string> name_or_arn(const registry& in, const call& from, std::string_view name_member,
                                std::string_view arn_member, name_in_arn read) {
    const auto name = string_member(from.input, name_member);
    const auto arn = string_member(from.input, arn_member);
    if (!name && !arn) {
        return invalid_request(std::string(name_member) + " or " + std::string(arn_member) +
                               " must be given.");
    }
    if (!arn) {
        return *name;
    }
    auto by_arn = read(in, *arn);
    if (!by_arn) {
        return invalid_request(std::string(arn_member) + " '" + *arn +
                               "' is not an ARN of account " + in.identity.account +
                               " and region " + in.identity.region + ".");
    }
    if (name && *name != *by_arn) {
        return invalid_request(std::string(name_member) + " and " + std::string(arn_member) +
                               " name different resources.");
    }
    return std::move(*by_arn);
}

}  // namespace

answer<std::optional<thing_group_record>> find_thing_group(registry& in, std::string_view name) {
    std::optional<thing_group_record> found;
    const auto read = in.state.db().query(
        "iot.find_thing_group",
        "SELECT name, id, parent, properties, version, created_at FROM thing_groups"
        " WHERE name = ?1",
        {std::string(name)}, [&](const db::row& row) {
            const auto properties = parse_json(row.text(3));
            found = thing_group_record{
                row.text(0),
                row.text(1),
                row.is_null(2) ? std::nullopt : std::optional(row.text(2)),
                properties && properties->is_object() ? properties->get_object() : json::object(),
                row.integer(4),
                row.integer(5)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<thing_group_record> require_thing_group(registry& in, std::string_view name) {
    auto found = find_thing_group(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("Thing group " + std::string(name) + " does not exist.");
    }
    return std::move(**found);
}

std::string thing_group_arn(const registry& in, std::string_view name) {
    return in.identity.iot_arn("thinggroup/" + std::string(name));
}

std::optional<std::string> thing_group_of_arn(const registry& in, std::string_view arn) {
    return resource_of(in, arn, "thinggroup/");
}

std::optional<std::string> thing_of_arn(const registry& in, std::string_view arn) {
    return resource_of(in, arn, "thing/");
}

json::object name_and_arn(const registry& in, std::string_view name) {
    return {{"groupName", name}, {"groupArn", thing_group_arn(in, name)}};
}

answer<std::vector<std::string>> ancestors_of(registry& in, const thing_group_record& group) {
    std::vector<std::string> names;
    for (auto parent = group.parent; parent;) {
        auto found = require_thing_group(in, *parent);
        if (!found) {
            return found.error();
        }
        names.push_back(found->name);
        parent = std::move(found->parent);
    }
    std::reverse(names.begin(), names.end());
    return names;
}

std::optional<api_error> check_group_version(const thing_group_record& group, const call& from) {
    const auto expected = int_member(from.input, "expectedVersion");
    if (!expected || *expected == group.version) {
        return std::nullopt;
    }
    return api_error{
        409,
        "VersionConflictException",
        "The version of thing group " + group.name + " does not match the expected version.",
        {}};
}

answer<json::object> apply_group_properties(const json::object& before, const json::object& input) {
    auto after = before;
    const auto* const given = object_member(input, "thingGroupProperties");
    if (given == nullptr) {
        return after;
    }
    if (const auto description = string_member(*given, "thingGroupDescription")) {
        after["thingGroupDescription"] = *description;
    }
    const auto* const payload = object_member(before, "attributePayload");
    const auto* const attributes =
        payload != nullptr ? object_member(*payload, "attributes") : nullptr;
    auto merged = apply_attributes(attributes != nullptr ? *attributes : json::object(), *given);
    if (!merged) {
        return merged.error();
    }
    after["attributePayload"] = json::object{{"attributes", std::move(*merged)}};
    return after;
}

std::optional<api_error> add_to_group(registry& in, const std::string& group,
                                      const std::string& thing) {
    const auto found = require_thing_group(in, group);
    if (!found) {
        return found.error();
    }
    const auto member = require_thing(in, thing);
    if (!member) {
        return member.error();
    }
    const auto full = exists(in, "iot.thing_has_many_groups",
                             "SELECT count(*) >= ?3 FROM thing_group_things"
                             " WHERE thing = ?1 AND group_name <> ?2",
                             {thing, group, most_groups_of_a_thing});
    if (!full) {
        return full.error();
    }
    if (*full) {
        return invalid_request("Thing " + thing + " is in 10 thing groups already.");
    }
    return write(in, "iot.add_to_group",
                 "INSERT OR IGNORE INTO thing_group_things(group_name, thing) VALUES(?1, ?2)",
                 {group, thing});
}

std::optional<api_error> remove_from_group(registry& in, const std::string& group,
                                           const std::string& thing) {
    const auto found = require_thing_group(in, group);
    if (!found) {
        return found.error();
    }
    const auto member = require_thing(in, thing);
    if (!member) {
        return member.error();
    }
    return write(in, "iot.remove_from_group",
                 "DELETE FROM thing_group_things WHERE group_name = ?1 AND thing = ?2",
                 {group, thing});
}

answer<membership> named_membership(registry& in, const call& from) {
    auto group = name_or_arn(in, from, "thingGroupName", "thingGroupArn", thing_group_of_arn);
    if (!group) {
        return group.error();
    }
    auto thing = name_or_arn(in, from, "thingName", "thingArn", thing_of_arn);
    if (!thing) {
        return thing.error();
    }
    return membership{std::move(*group), std::move(*thing)};
}

}  // namespace evergrass::cloud::iot
