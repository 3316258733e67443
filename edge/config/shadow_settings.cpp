#include "edge/config/shadow_settings.hpp"

#include "edge/config/reading.hpp"

#include <optional>

namespace evergrass::edge {
namespace {

using contract::field_reader;

std::optional<shadow_direction> direction_of(std::string_view word) {
    if (word == "both") {
        return shadow_direction::both;
    }
    if (word == "toCloud") {
        return shadow_direction::to_cloud;
    }
    return word == "toDevice" ? std::optional(shadow_direction::to_device) : std::nullopt;
}

constexpr std::string_view wrong_direction = R"(is none of "both", "toCloud" and "toDevice")";

}  // namespace

result<void> read_shadow_sync(const json::object& top, core_config& config) {
    field_reader in(top, "");
    if (const auto* system = in.object("system")) {
        field_reader inner(*system, "system");
        config.shadows.answer_limit =
            std::chrono::seconds(read_in_range(inner, "shadowSyncTimeout", 5, 1, 3'600));
        note_unknown(*system, "system", {"shadowSyncTimeout"}, config);
        if (!inner.outcome()) {
            return inner.outcome();
        }
    }
    const auto* sync = in.object("shadowSync");
    if (sync == nullptr) {
        return in.outcome();
    }
    note_unknown(*sync, "shadowSync", {"direction", "things"}, config);
    field_reader inner(*sync, "shadowSync");
    if (const auto direction = direction_of(inner.text("direction", "both"))) {
        config.shadows.direction = *direction;
    } else {
        inner.fail("direction", wrong_direction);
    }
    if (const auto* things = inner.object("things")) {
        for (const auto& [thing, word] : *things) {
            const auto direction =
                word.is_string() ? direction_of(std::string_view(word.get_string())) : std::nullopt;
            if (!direction) {
                inner.fail("things." + std::string(thing), wrong_direction);
                break;
            }
            config.shadows.things[std::string(thing)] = *direction;
        }
    }
    return inner.outcome() ? in.outcome() : inner.outcome();
}

}  // namespace evergrass::edge
