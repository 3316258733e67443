#pragma once

#include "contract/manifest.hpp"
#include "edge/router/table.hpp"
#include "libs/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// What a file says of a group, as far as messages are concerned.
struct group_file {
    std::string kind;  // "V1's group.json", "deployment manifest" … for people
    std::vector<contract::subscription> subscriptions;  // without an id of their own: "#1", "#2" …
    // nullopt: the file doesn't say which there are.
    std::optional<std::vector<endpoint>> devices;
    std::optional<std::vector<endpoint>> functions;
    std::optional<std::vector<endpoint>> connectors;

    // The devices with their certificates, for those who admit them. Only what has both is here, so
    // that a file which is only about messages can be read as well.
    std::vector<contract::group_member> members;

    // Functions and connectors, the group's and those that subscriptions name: for parse_end_name.
    std::vector<endpoint> known_ends() const;
    // Is this end one of the group's? nullopt: the file doesn't say.
    std::optional<bool> has(const endpoint& e) const;
};

// Told apart by content: V1's group.json, a deployment manifest (signed or not), or definition
// versions in the shape of the Greengrass API (an object with `Subscriptions`, and perhaps
// `Devices`, `Functions`, `Connectors`, `Cores`). Subscriptions are taken as they are: whether
// their ends and subjects are well-formed is for routing_table::build. The error names the member.
result<group_file> parse_group_file(std::string_view text);

}  // namespace evergrass::edge
