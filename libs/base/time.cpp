#include "libs/base/time.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace evergrass {
namespace {

std::tm utc_parts(std::int64_t seconds) {
    const std::time_t t = seconds;
    std::tm parts{};
    ::gmtime_r(&t, &parts);
    return parts;
}

// Decimal, with zeros before it.
char* put(char* at, std::int64_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

}  // namespace

std::int64_t to_epoch_milliseconds(wall_time t) {
    return std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

std::int64_t to_epoch_seconds(wall_time t) {
    return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

std::string format_iso8601(wall_time t) {
    // By hand: long lists have two of them for each item.
    const auto seconds = to_epoch_seconds(t);
    const auto millis = to_epoch_milliseconds(t) - seconds * 1000;
    constexpr std::int64_t day = 24 * 60 * 60;
    const auto days = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date(days);
    const auto year = std::clamp(static_cast<int>(date.year()), 0, 9999);
    const auto of_day = seconds - days.time_since_epoch().count() * day;
    std::array<char, 24> text{};
    auto* at = put(text.data(), year, 4);
    *at++ = '-';
    at = put(at, static_cast<unsigned>(date.month()), 2);
    *at++ = '-';
    at = put(at, static_cast<unsigned>(date.day()), 2);
    *at++ = 'T';
    at = put(at, of_day / 3600, 2);
    *at++ = ':';
    at = put(at, of_day / 60 % 60, 2);
    *at++ = ':';
    at = put(at, of_day % 60, 2);
    *at++ = '.';
    at = put(at, millis, 3);
    *at++ = 'Z';
    return {text.data(), at};
}

std::string format_basic_iso8601(wall_time t) {
    const auto p = utc_parts(to_epoch_seconds(t));
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d%02d%02dT%02d%02d%02dZ", p.tm_year + 1900,
                  p.tm_mon + 1, p.tm_mday, p.tm_hour, p.tm_min, p.tm_sec);
    return text.data();
}

result<wall_time> parse_basic_iso8601(std::string_view text) {
    const auto fault = [&] {
        return error{errc::invalid_input,
                     "'" + std::string(text) + "' is not a time like 20191111T054731Z"};
    };
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') {
        return fault();
    }
    const auto number = [&](std::size_t at, std::size_t digits, int& out) {
        out = 0;
        for (std::size_t i = at; i < at + digits; ++i) {
            if (text[i] < '0' || text[i] > '9') {
                return false;
            }
            out = out * 10 + (text[i] - '0');
        }
        return true;
    };
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!number(0, 4, year) || !number(4, 2, month) || !number(6, 2, day) || !number(9, 2, hour) ||
        !number(11, 2, minute) || !number(13, 2, second)) {
        return fault();
    }
    const auto date = std::chrono::year_month_day(std::chrono::year(year),
                                                  std::chrono::month(static_cast<unsigned>(month)),
                                                  std::chrono::day(static_cast<unsigned>(day)));
    // wall_time counts nanoseconds in 64 bits: it ends in 2262.
    if (!date.ok() || year < 1678 || year > 2261 || hour > 23 || minute > 59 || second > 60) {
        return fault();
    }
    return wall_time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
           std::chrono::minutes(minute) + std::chrono::seconds(second);
}

}  // namespace evergrass
