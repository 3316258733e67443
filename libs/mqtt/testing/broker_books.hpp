#pragma once

#include "libs/mqtt/broker.hpp"

namespace evergrass::mqtt::testing {

// What a broker keeps in two places has to agree: counts, windows, timers, subscriptions.
struct broker_books {
    // Throws broken_rule with what does not. `nothing_under_way`: no posts between shards.
    static void check(const broker& of, bool nothing_under_way);
};

}  // namespace evergrass::mqtt::testing
