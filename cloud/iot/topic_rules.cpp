#include "cloud/iot/topic_rules.hpp"

#include "libs/base/errors.hpp"
#include "libs/mqtt/types.hpp"

#include <algorithm>

namespace evergrass::cloud {
namespace {

constexpr std::ptrdiff_t most_slashes = 7;
constexpr std::ptrdiff_t slashes_in_prefix = 3;  // $aws/things/NAME/

}  // namespace

bool is_reserved(std::string_view topic) {
    return topic.starts_with("$aws/");
}

bool has_too_many_slashes(std::string_view topic) {
    const auto slashes = std::count(topic.begin(), topic.end(), '/');
    return slashes > most_slashes + (is_reserved(topic) ? slashes_in_prefix : 0);
}

result<void> check_publishable(std::string_view topic) {
    if (auto checked = mqtt::check_topic_name(topic); !checked) {
        return checked;
    }
    if (topic.size() > max_topic_bytes && !is_reserved(topic)) {
        return error{errc::too_large, "the topic is longer than 256 bytes"};
    }
    if (topic.starts_with('$') && !is_reserved(topic)) {
        return error{errc::denied, "topics that begin with $ are reserved"};
    }
    if (has_too_many_slashes(topic)) {
        return error{errc::invalid_input, "the topic has more than 7 slashes"};
    }
    return {};
}

}  // namespace evergrass::cloud
