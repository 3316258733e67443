#pragma once

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

}  // namespace evergrass::mqtt
