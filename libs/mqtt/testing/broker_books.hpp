#pragma once

#include "libs/mqtt/broker.hpp"

namespace evergrass::mqtt::testing {

// What a broker keeps in two places has to agree: counts, windows, timers, subscriptions.
struct broker_books {
    // Throws broken_rule with what does not.
    static void check(const broker& of);
};

}  // namespace evergrass::mqtt::testing
