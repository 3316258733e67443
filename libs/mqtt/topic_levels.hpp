#pragma once

#include "libs/mqtt/types.hpp"

#include <algorithm>
#include <string_view>

namespace evergrass::mqtt {

// Walks the levels of a topic name or filter: "a//b" has "a", "" and "b"; "" has one empty level.
class topic_levels {
public:
    explicit topic_levels(std::string_view text) : rest_(text) {}

    // False when there are no more.
    bool next(std::string_view& level) {
        if (done_) {
            return false;
        }
        const auto slash = rest_.find('/');
        level = rest_.substr(0, slash);
        if (slash == std::string_view::npos) {
            done_ = true;
        } else {
            rest_.remove_prefix(slash + 1);
        }
        return true;
    }

private:
    std::string_view rest_;
    bool done_ = false;
};

inline bool begins_with_wildcard(std::string_view filter) {
    return filter.starts_with('+') || filter.starts_with('#');
}

// As topic_matches(), but `a/#` matches `a` only where `hash_matches_parent`
// (server_options::hash_matches_parent).
inline bool filter_matches(std::string_view filter, std::string_view topic,
                           bool hash_matches_parent) {
    if (!topic_matches(filter, topic)) {
        return false;
    }
    if (hash_matches_parent || !filter.ends_with("/#")) {
        return true;
    }
    // The levels before `/#` are all that the topic has?
    return std::count(topic.begin(), topic.end(), '/') + 1 !=
           std::count(filter.begin(), filter.end(), '/');
}

}  // namespace evergrass::mqtt
