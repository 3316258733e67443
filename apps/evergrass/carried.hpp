#pragma once

#include "libs/base/json.hpp"

#include <cstddef>
#include <string>
#include <vector>

// What the subscriptions of a core have carried, and whether that is enough. Pure.
namespace evergrass::cli {

struct carried_by_subscription {
    struct subscription {
        std::string id;
        std::string way;  // "thing:a --[t/#]--> cloud"
    };
    std::size_t all = 0;
    std::vector<subscription> quiet;  // without a message since the core started
};

// Of a core's answer to GET /subscriptions.
carried_by_subscription read_carried(const json::object& answer);

struct wanted_messages {
    bool on_all = false;  // false: one subscription that has carried some is enough
    std::vector<std::string> may_be_quiet = {};  // ids that `on_all` does without
};

// Nobody can make a quiet subscription speak, so what is too little is for the owner to say. A
// group without subscriptions has nothing to carry: enough.
bool is_enough(const carried_by_subscription& seen, const wanted_messages& wanted);

// "2 of 3 subscriptions have carried no message:" and a line for each of the two.
std::string quiet_text(const carried_by_subscription& seen, const wanted_messages& wanted);

}  // namespace evergrass::cli
