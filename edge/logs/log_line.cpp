#include "edge/logs/log_line.hpp"

#include <charconv>
#include <string>

namespace evergrass::edge {
namespace {

constexpr std::string_view form = "[0000-00-00T00:00:00.000Z][";

bool has_form(std::string_view line) {
    if (line.size() < form.size()) {
        return false;
    }
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = line[i] >= '0' && line[i] <= '9';
        if (form[i] == '0' ? !digit : line[i] != form[i]) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::optional<line_head> read_line_head(std::string_view line) {
    if (!has_form(line)) {
        return std::nullopt;
    }
    const auto basic = std::string(line.substr(1, 4)) + std::string(line.substr(6, 2)) +
                       std::string(line.substr(9, 3)) + std::string(line.substr(12, 2)) +
                       std::string(line.substr(15, 2)) + std::string(line.substr(18, 2)) + "Z";
    const auto at = parse_basic_iso8601(basic);
    int milliseconds = 0;
    std::from_chars(line.data() + 21, line.data() + 24, milliseconds);
    const auto rest = line.substr(form.size());
    const auto level = parse_log_level(rest.substr(0, rest.find(']')));
    if (!at || !level) {
        return std::nullopt;
    }
    return line_head{to_epoch_milliseconds(*at) + milliseconds, *level};
}

}  // namespace evergrass::edge
