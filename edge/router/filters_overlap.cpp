#include "edge/router/table.hpp"
#include "libs/mqtt/topic_levels.hpp"

namespace evergrass::edge {

bool filters_overlap(std::string_view a, std::string_view b) {
    // A leading wildcard covers no name that starts with '$' (MQTT-4.7.2-1).
    if ((a.starts_with('$') && mqtt::begins_with_wildcard(b)) ||
        (b.starts_with('$') && mqtt::begins_with_wildcard(a))) {
        return false;
    }
    mqtt::topic_levels levels_a(a);
    mqtt::topic_levels levels_b(b);
    std::string_view level_a;
    std::string_view level_b;
    for (;;) {
        const bool more_a = levels_a.next(level_a);
        const bool more_b = levels_b.next(level_b);
        if ((more_a && level_a == "#") || (more_b && level_b == "#")) {
            return true;  // `#` covers its parent too, so the other one may have ended here
        }
        if (!more_a || !more_b) {
            return more_a == more_b;
        }
        if (level_a != "+" && level_b != "+" && level_a != level_b) {
            return false;
        }
    }
}

}  // namespace evergrass::edge
