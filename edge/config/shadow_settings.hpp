#pragma once

#include <chrono>
#include <map>
#include <string>

namespace evergrass::edge {

enum class shadow_direction { both, to_cloud, to_device };

// shadowSync of config.json, Evergrass's own, and V1's system.shadowSyncTimeout.
struct shadow_settings_of_file {
    shadow_direction direction = shadow_direction::both;
    std::map<std::string, shadow_direction> things;  // those that differ, by name
    std::chrono::seconds answer_limit{5};

    shadow_direction of(const std::string& thing) const {
        const auto found = things.find(thing);
        return found != things.end() ? found->second : direction;
    }
};

}  // namespace evergrass::edge
