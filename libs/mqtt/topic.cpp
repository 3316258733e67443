#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/mqtt/topic_levels.hpp"
#include "libs/mqtt/types.hpp"

namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_string_bytes = 65'535;  // a two-byte length on the wire

result<void> check_text(std::string_view text, std::string_view what) {
    if (text.empty()) {
        return error{errc::invalid_input, std::string(what) + " is empty [MQTT-4.7.3-1]"};
    }
    if (text.size() > max_string_bytes) {
        return error{errc::invalid_input,
                     std::string(what) + " is longer than 65535 bytes [MQTT-4.7.3-3]"};
    }
    if (text.find('\0') != std::string_view::npos) {
        return error{errc::invalid_input, std::string(what) + " holds U+0000 [MQTT-4.7.3-2]"};
    }
    // Non-characters and control characters stay: the standard only advises against them.
    if (!is_utf8(text)) {
        return error{errc::invalid_input,
                     std::string(what) + " is not well-formed UTF-8 [MQTT-1.5.3-1]"};
    }
    return {};
}

}  // namespace

result<void> check_topic_name(std::string_view topic) {
    auto checked = check_text(topic, "the topic name");
    if (checked && topic.find_first_of("+#") != std::string_view::npos) {
        return error{errc::invalid_input, "the topic name holds a wildcard [MQTT-3.3.2-2]"};
    }
    return checked;
}

result<void> check_topic_filter(std::string_view filter) {
    auto checked = check_text(filter, "the topic filter");
    if (!checked || filter.find_first_of("+#") == std::string_view::npos) {
        return checked;
    }
    topic_levels levels(filter);
    std::string_view level;
    bool ended = false;
    while (levels.next(level)) {
        if (ended) {
            return error{errc::invalid_input, "the topic filter goes on after '#' [MQTT-4.7.1-2]"};
        }
        if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos) {
            return error{errc::invalid_input,
                         "a wildcard of the topic filter is not a whole level "
                         "[MQTT-4.7.1-2, MQTT-4.7.1-3]"};
        }
        ended = level == "#";
    }
    return {};
}

bool topic_matches(std::string_view filter, std::string_view topic) {
    if (topic.starts_with('$') && begins_with_wildcard(filter)) {
        return false;
    }
    topic_levels wanted(filter);
    topic_levels given(topic);
    std::string_view want;
    std::string_view have;
    while (wanted.next(want)) {
        if (want == "#") {
            return true;  // the parent level too, when `given` has ended
        }
        if (!given.next(have) || (want != "+" && want != have)) {
            return false;
        }
    }
    return !given.next(have);
}

}  // namespace evergrass::mqtt
