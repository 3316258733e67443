#include "cloud/admin/admin_answers.hpp"
#include "libs/base/errors.hpp"

#include <charconv>

namespace evergrass::cloud {
namespace {

// 30 years: what is older than everything.
constexpr std::int64_t most_seconds = 30LL * 366 * 24 * 60 * 60;

std::int64_t seconds_of(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 60 * 60;
        case 'd':
            return 24 * 60 * 60;
        default:
            return 0;
    }
}

}  // namespace

result<wall_time> parse_since(std::string_view text, wall_time now) {
    const error unreadable{errc::invalid_input,
                           "'since' must be a time (2026-11-27T12:00:00Z) or how long ago (90s, "
                           "15m, 2h, 7d)"};
    if (text.empty()) {
        return unreadable;
    }
    std::int64_t number = 0;
    const auto* const last = text.data() + text.size() - 1;
    const auto [end, failed] = std::from_chars(text.data(), last, number);
    const auto unit = seconds_of(text.back());
    if (failed == std::errc() && end == last && unit != 0) {
        if (number < 0 || number > most_seconds / unit) {
            return unreadable;
        }
        return now - std::chrono::seconds(number * unit);
    }
    std::string basic;
    for (const char c : text) {
        if (c != '-' && c != ':') {
            basic += c;
        }
    }
    const auto time = parse_basic_iso8601(basic);
    if (!time) {
        return unreadable;
    }
    return *time;
}

}  // namespace evergrass::cloud
