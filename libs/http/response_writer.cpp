#include "libs/http/response_writer.hpp"

#include "libs/base/errors.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace evergrass::http {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

bool is_ours(std::string_view name) {
    return same_field_name(name, "content-length") || same_field_name(name, "transfer-encoding") ||
           same_field_name(name, "connection");
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    const auto begin = static_cast<std::ptrdiff_t>(head.size());
    head.append(value);
    std::replace_if(
        head.begin() + begin, head.end(),
        [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    head.append("\r\n");
}

}  // namespace

std::string http_date(wall_time when) {
    static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = to_epoch_seconds(when);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                   months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                                   utc.tm_hour, utc.tm_min, utc.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

result<std::optional<byte_range>> parse_range(std::string_view header, std::uint64_t total) {
    constexpr std::string_view unit = "bytes=";
    if (!header.starts_with(unit) || header.find(',') != std::string_view::npos) {
        return std::optional<byte_range>();
    }
    header.remove_prefix(unit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos) {
        return std::optional<byte_range>();
    }
    const auto first = number(header.substr(0, dash));
    const auto last = number(header.substr(dash + 1));
    if (!first && dash == 0 && last && *last > 0 && total > 0) {
        const auto size = std::min(*last, total);
        return std::optional<byte_range>({total - size, size});
    }
    if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first)) {
        return std::optional<byte_range>();
    }
    if (*first >= total) {
        return error{errc::invalid_input, "the range begins after the end"};
    }
    const auto end = last ? std::min(*last, total - 1) : total - 1;
    return std::optional<byte_range>({*first, end - *first + 1});
}

std::string_view reason_phrase(int status) {
    const auto text = boost::beast::http::obsolete_reason(
        boost::beast::http::int_to_status(static_cast<unsigned>(status)));
    return {text.data(), text.size()};
}

std::string response_head(const response& answer, std::uint64_t content_length, bool keep_alive,
                          bool http_1_0, wall_time now) {
    std::string head;
    head.reserve(512);
    head.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
    head.append(reason_phrase(answer.status)).append("\r\n");
    for (const auto& [name, value] : answer.headers.all()) {
        if (!is_ours(name)) {
            append_field(head, name, value);
        }
    }
    if (answer.status == 101) {
        append_field(head, "connection", "Upgrade");
        return head += "\r\n";
    }
    if (answer.status != 204 && answer.status != 304) {
        append_field(head, "content-length", std::to_string(content_length));
    }
    if (!answer.headers.get("date")) {
        append_field(head, "date", http_date(now));
    }
    if (!keep_alive) {
        append_field(head, "connection", "close");
    } else if (http_1_0) {
        append_field(head, "connection", "keep-alive");
    }
    return head += "\r\n";
}

}  // namespace evergrass::http
