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

bool filter_covers(std::string_view wide, std::string_view narrow) {
    if (mqtt::begins_with_wildcard(wide) && narrow.starts_with('$')) {
        return false;
    }
    mqtt::topic_levels levels_wide(wide);
    mqtt::topic_levels levels_narrow(narrow);
    std::string_view level_wide;
    std::string_view level_narrow;
    for (;;) {
        const bool more_wide = levels_wide.next(level_wide);
        const bool more_narrow = levels_narrow.next(level_narrow);
        if (more_wide && level_wide == "#") {
            return true;
        }
        if (!more_wide || !more_narrow) {
            return more_wide == more_narrow;
        }
        if (level_narrow == "#" || (level_wide != "+" && level_wide != level_narrow)) {
            return false;
        }
    }
}

std::optional<level_difference> first_difference(std::string_view filter, std::string_view topic) {
    level_difference at;
    mqtt::topic_levels filter_levels(filter);
    mqtt::topic_levels topic_levels(topic);
    for (at.level = 1;; ++at.level) {
        at.filter_has = filter_levels.next(at.filter_level);
        at.topic_has = topic_levels.next(at.topic_level);
        if (at.level == 1 && topic.starts_with('$') && mqtt::begins_with_wildcard(filter)) {
            at.reserved = true;  // [MQTT-4.7.2-1]
            return at;
        }
        if (at.filter_has && at.filter_level == "#") {
            return std::nullopt;
        }
        if (!at.filter_has && !at.topic_has) {
            return std::nullopt;
        }
        const bool same = at.filter_has && at.topic_has &&
                          (at.filter_level == "+" || at.filter_level == at.topic_level);
        if (!same) {
            return at;
        }
    }
}

}  // namespace evergrass::edge
