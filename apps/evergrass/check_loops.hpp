#pragma once

#include "apps/evergrass/check_rules.hpp"

#include <string>
#include <vector>

namespace evergrass::cli {

// A subscription whose members are well-formed.
struct route {
    std::string id;
    edge::endpoint source;
    std::string subject;
    edge::endpoint target;
};

// The circles that messages can go round: one finding for each set of subscriptions that lead into
// each other, with its shortest circle.
std::vector<finding> find_loops(const std::vector<route>& routes);

}  // namespace evergrass::cli
