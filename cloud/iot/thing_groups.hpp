#pragma once

#include "cloud/iot/records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Static thing groups (spec/cloud.md §4.1): rows, and what several operations ask of them. A group
// is a root or has one parent for ever, so groups make trees. The caller holds the store's lock.
namespace evergrass::cloud::iot {

struct thing_group_record {
    std::string name;
    std::string id;
    std::optional<std::string> parent;
    json::object properties;  // thingGroupProperties
    std::int64_t version = 1;
    std::int64_t created_at = 0;
};

// AWS's quotas.
inline constexpr std::size_t most_group_levels = 7;
inline constexpr std::int64_t most_groups_of_a_thing = 10;

answer<std::optional<thing_group_record>> find_thing_group(registry& in, std::string_view name);
// ResourceNotFoundException when there is none.
answer<thing_group_record> require_thing_group(registry& in, std::string_view name);

std::string thing_group_arn(const registry& in, std::string_view name);
// "thinggroup/NAME" of an ARN of this account and region; nullopt: of something else.
std::optional<std::string> thing_group_of_arn(const registry& in, std::string_view arn);
std::optional<std::string> thing_of_arn(const registry& in, std::string_view arn);

// {"groupName", "groupArn"}
json::object name_and_arn(const registry& in, std::string_view name);

// The group's ancestors, from its root down to its parent.
answer<std::vector<std::string>> ancestors_of(registry& in, const thing_group_record& group);

// VersionConflictException where the call expects another version.
std::optional<api_error> check_group_version(const thing_group_record& group, const call& from);

// thingGroupProperties after the input's: a description replaces, attributes as attributePayload
// says.
answer<json::object> apply_group_properties(const json::object& before, const json::object& input);

// Puts an existing thing into an existing group; being there already is success.
std::optional<api_error> add_to_group(registry& in, const std::string& group,
                                      const std::string& thing);
std::optional<api_error> remove_from_group(registry& in, const std::string& group,
                                           const std::string& thing);

// Which group and thing a call names, by name or by ARN.
struct membership {
    std::string group;
    std::string thing;
};
answer<membership> named_membership(registry& in, const call& from);

// A table `tree(name)` for a statement: the group ?3 and, for ?4 other than 0, all below it.
inline constexpr std::string_view tree_below =
    "WITH RECURSIVE tree(name) AS (SELECT ?3 UNION SELECT g.name FROM thing_groups g"
    " JOIN tree t ON g.parent = t.name WHERE ?4)";

}  // namespace evergrass::cloud::iot
