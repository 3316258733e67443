#pragma once

#include <string_view>

namespace evergrass::fuzz {

// Up to the next line break, which is taken too.
inline std::string_view next_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace evergrass::fuzz
