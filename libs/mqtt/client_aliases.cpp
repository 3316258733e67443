#include "libs/mqtt/client_aliases.hpp"

#include <algorithm>
#include <functional>

namespace evergrass::mqtt {
namespace {

// An alias takes three bytes: shorter topics gain nothing.
constexpr std::size_t min_topic_bytes = 4;

}  // namespace

void client_aliases::reset(std::uint16_t most) {
    entries_.clear();
    most_ = most;
}

client_aliases::choice client_aliases::choose(std::string_view topic) {
    if (most_ == 0 || topic.size() < min_topic_bytes) {
        return {};
    }
    const auto hash = std::hash<std::string_view>()(topic);
    auto at = std::find_if(entries_.begin(), entries_.end(),
                           [&](const entry& e) { return e.hash == hash && e.topic == topic; });
    const bool known = at != entries_.end();
    if (!known && entries_.size() < most_) {
        at = entries_.insert(entries_.end(), {hash, std::string(topic), 0});
    } else if (!known) {
        at = std::min_element(entries_.begin(), entries_.end(),
                              [](const entry& a, const entry& b) { return a.used < b.used; });
        at->hash = hash;
        at->topic = topic;
    }
    at->used = ++uses_;
    return {static_cast<std::uint16_t>(at - entries_.begin() + 1), known};
}

}  // namespace evergrass::mqtt
