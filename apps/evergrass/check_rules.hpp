#pragma once

#include "edge/router/group_file.hpp"
#include "libs/base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cli {

// What is wrong, or looks wrong, with the subscriptions of a group. Pure.
struct finding {
    enum class level { error, warning };

    level severity = level::warning;
    std::string rule;  // "dead", "duplicate", "shadowed", "over_broad", "loop", "invalid"
    std::vector<std::string> subscriptions;  // ids, the one at fault first
    std::string sentence;                    // what, and what to do
};

// Errors first, then in the order of the file:
// - invalid: the core would refuse the whole deployment;
// - dead: its source or target is not in the group, or its subject is one that the source never
//   publishes to;
// - loop: a message can come back to where it started, with a subject that lets it start again. An
//   error when nothing but the cloud stands between; a warning when a function has to publish again
//   on a topic of the same subject. Circles of devices alone are left out: they don't forward;
// - duplicate, shadowed: another subscription does all of it;
// - over_broad: everything a device publishes goes to the cloud, and the like.
std::vector<finding> check_group(const edge::group_file& group);

}  // namespace evergrass::cli
