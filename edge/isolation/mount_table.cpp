#include "edge/isolation/mount_table.hpp"

#include <algorithm>

namespace evergrass::edge::isolation {
namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

// Blanks are \040 in the kernel's tables.
std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                            (text[i + 3] - '0')));
            i += 3;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (end != 0) {
            parts.push_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::vector<mount_entry> read_mount_table(std::string_view mountinfo) {
    constexpr std::string_view end_of_optional = " - ";
    std::vector<mount_entry> all;
    for (const auto line : split(mountinfo, '\n')) {
        const auto dash = line.find(end_of_optional);
        if (dash == std::string_view::npos) {
            continue;
        }
        const auto left = split(line.substr(0, dash), ' ');
        const auto right = split(line.substr(dash + end_of_optional.size()), ' ');
        if (left.size() < 5 || right.size() < 3) {
            continue;
        }
        all.push_back(
            {plain(left[3]), plain(left[4]), std::string(right[0]), std::string(right[2])});
    }
    return all;
}

}  // namespace evergrass::edge::isolation
