#include "libs/base/errors.hpp"
#include "libs/mqtt/text.hpp"
#include "libs/mqtt/topic_levels.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

constexpr std::size_t max_string_bytes = 65'535;  // a two-byte length on the wire
constexpr std::string_view share_prefix = "$share/";

// `found` is scan_text's; both kinds of topic have this in common.
bool text_well(std::string_view text, unsigned found, reason invalid, breach& why) {
    if (text.empty()) [[unlikely]] {
        return refuse(why, invalid, "is empty [MQTT-4.7.3-1]");
    }
    if (text.size() > max_string_bytes) [[unlikely]] {
        return refuse(why, invalid, "is longer than 65535 bytes [MQTT-4.7.3-3]");
    }
    // Non-characters and control characters stay: the standard only advises against them.
    if ((found & wire::ill_formed) != 0) [[unlikely]] {
        return refuse(why, reason::malformed_packet,
                      "is not well-formed UTF-8 [MQTT-1.5.3-1, 5.0: MQTT-1.5.4-1]");
    }
    if ((found & wire::has_nul) != 0) [[unlikely]] {
        return refuse(why, reason::malformed_packet, "holds U+0000 [MQTT-4.7.3-2]");
    }
    return true;
}

bool wildcards_well(std::string_view filter, breach& why) {
    topic_levels levels(filter);
    std::string_view level;
    bool ended = false;
    while (levels.next(level)) {
        if (ended) {
            return refuse(why, reason::topic_filter_invalid, "goes on after '#' [MQTT-4.7.1-2]");
        }
        if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos) {
            return refuse(why, reason::topic_filter_invalid,
                          "has a wildcard that is not a whole level [MQTT-4.7.1-2, MQTT-4.7.1-3]");
        }
        ended = level == "#";
    }
    return true;
}

error as_error(std::string_view subject, const breach& why) {
    return {errc::invalid_input, std::string(subject).append(" ").append(why.what)};
}

}  // namespace

bool wire::topic_name_well(std::string_view topic, breach& why) {
    const unsigned found = scan_text(topic);
    if (!text_well(topic, found, reason::topic_name_invalid, why)) [[unlikely]] {
        return false;
    }
    return (found & has_wildcard) == 0 ||
           refuse(why, reason::topic_name_invalid, "holds a wildcard [MQTT-3.3.2-2]");
}

bool wire::topic_filter_well(std::string_view filter, breach& why) {
    const unsigned found = scan_text(filter);
    return text_well(filter, found, reason::topic_filter_invalid, why) &&
           ((found & has_wildcard) == 0 || wildcards_well(filter, why));
}

bool wire::shared_filter_well(std::string_view filter, std::optional<shared_filter>& parts,
                              breach& why) {
    if (!filter.starts_with(share_prefix)) {
        return true;
    }
    filter.remove_prefix(share_prefix.size());
    const auto slash = filter.find('/');
    const auto name = filter.substr(0, slash);
    if (name.empty()) {
        return refuse(why, reason::topic_filter_invalid, "names no share [MQTT-4.8.2-1]");
    }
    if (name.find_first_of("+#") != std::string_view::npos) {
        return refuse(why, reason::topic_filter_invalid,
                      "has a wildcard in the share's name [MQTT-4.8.2-2]");
    }
    if (slash == std::string_view::npos || slash + 1 == filter.size()) {
        return refuse(why, reason::topic_filter_invalid,
                      "has no filter after the share's name [MQTT-4.8.2-2]");
    }
    parts = shared_filter{name, filter.substr(slash + 1)};
    return true;
}

result<void> check_topic_name(std::string_view topic) {
    breach why;
    if (!wire::topic_name_well(topic, why)) {
        return as_error("the topic name", why);
    }
    return {};
}

result<void> check_topic_filter(std::string_view filter) {
    breach why;
    if (!wire::topic_filter_well(filter, why)) {
        return as_error("the topic filter", why);
    }
    return {};
}

result<std::optional<shared_filter>> parse_shared_filter(std::string_view filter) {
    breach why;
    std::optional<shared_filter> parts;
    if (!wire::shared_filter_well(filter, parts, why)) {
        return as_error("the topic filter", why);
    }
    return parts;
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
