#include "cloud/logs/operations.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace evergrass::cloud::logs {
namespace {

constexpr std::int64_t most_events = 10'000;
constexpr std::int64_t most_bytes = 1'048'576;

// Where a page begins: behind ("f/") or before ("b/") an event.
struct position {
    bool forward = true;
    std::int64_t at = 0;
    std::int64_t id = 0;
};

std::string token_of(bool forward, std::int64_t at, std::int64_t id) {
    return (forward ? "f/" : "b/") + std::to_string(at) + "/" + std::to_string(id);
}

std::optional<position> read_token(std::string_view text) {
    position read{text.starts_with("f/")};
    if (!read.forward && !text.starts_with("b/")) {
        return std::nullopt;
    }
    const auto* end = text.data() + text.size();
    auto [stop, wrong] = std::from_chars(text.data() + 2, end, read.at);
    if (wrong != std::errc() || stop == end || *stop != '/') {
        return std::nullopt;
    }
    const auto last = std::from_chars(stop + 1, end, read.id);
    return last.ec == std::errc() && last.ptr == end ? std::optional(read) : std::nullopt;
}

}  // namespace

api_result get_log_events(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    const auto stream = group ? requested_stream(in, from) : answer<log_stream>(group.error());
    if (!stream) {
        return stream.error();
    }
    constexpr auto latest = std::numeric_limits<std::int64_t>::max();
    const auto token = string_member(from.input, "nextToken");
    position begin{bool_member(from.input, "startFromHead").value_or(false), 0, 0};
    if (token) {
        const auto read = read_token(*token);
        if (!read) {
            return invalid_parameter("The specified nextToken is invalid.");
        }
        begin = *read;
    } else if (!begin.forward) {
        begin = {false, latest, latest};
    }
    const auto first =
        std::max(int_member(from.input, "startTime").value_or(0), oldest_kept(in, *group));
    const auto end = int_member(from.input, "endTime").value_or(latest);
    const auto limit = int_member(from.input, "limit").value_or(most_events);
    std::vector<log_event> events;
    std::int64_t bytes = 0;
    const std::string_view sql =
        begin.forward ? "SELECT id, at, ingested_at, message FROM log_events WHERE stream = ?1"
                        " AND at >= ?2 AND at < ?3 AND (at, id) > (?4, ?5) ORDER BY at, id LIMIT ?6"
                      : "SELECT id, at, ingested_at, message FROM log_events WHERE stream = ?1"
                        " AND at >= ?2 AND at < ?3 AND (at, id) < (?4, ?5)"
                        " ORDER BY at DESC, id DESC LIMIT ?6";
    const auto read = in.state.db().query(
        begin.forward ? "logs.events_forward" : "logs.events_backward", sql,
        {stream->id, first, end, begin.at, begin.id, limit}, [&](const db::row& row) {
            bytes += static_cast<std::int64_t>(row.text(3).size()) + event_overhead;
            if (bytes <= most_bytes || events.empty()) {
                events.push_back(
                    {row.integer(0), stream->name, row.integer(1), row.integer(2), row.text(3)});
            }
        });
    if (!read) {
        return internal_error(read.error());
    }
    if (!begin.forward) {
        std::ranges::reverse(events);
    }
    json::array shown;
    for (const auto& event : events) {
        shown.push_back(json::object{{"timestamp", event.at},
                                     {"message", event.message},
                                     {"ingestionTime", event.ingested_at}});
    }
    // At an end the token that was sent comes back: that is how clients know.
    const auto forward = events.empty() ? token_of(true, begin.at == latest ? 0 : begin.at,
                                                   begin.id == latest ? 0 : begin.id)
                                        : token_of(true, events.back().at, events.back().id);
    const auto backward = events.empty() ? token_of(false, begin.at, begin.id)
                                         : token_of(false, events.front().at, events.front().id);
    return reply{{{"events", std::move(shown)},
                  {"nextForwardToken", forward},
                  {"nextBackwardToken", backward}}};
}

}  // namespace evergrass::cloud::logs
