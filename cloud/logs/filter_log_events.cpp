#include "cloud/logs/filter_pattern.hpp"
#include "cloud/logs/operations.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

namespace evergrass::cloud::logs {
namespace {

// Of events that one call looks at: a page may be empty and have a token.
constexpr std::int64_t most_scanned = 20'000;
constexpr std::int64_t most_events = 10'000;
constexpr std::int64_t most_bytes = 1'048'576;

struct search {
    std::string group;
    std::string prefix;
    std::set<std::string, std::less<>> streams;  // none: all
    std::int64_t first = 0;
    std::int64_t end = 0;
    std::int64_t at = -1;  // behind this event
    std::int64_t id = 0;
};

bool read_token(std::string_view text, search& into) {
    const auto* end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data(), end, into.at);
    if (wrong != std::errc() || stop == end || *stop != '/') {
        return false;
    }
    const auto last = std::from_chars(stop + 1, end, into.id);
    return last.ec == std::errc() && last.ptr == end;
}

answer<search> read_search(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    search wanted;
    wanted.group = group->name;
    wanted.prefix = string_member(from.input, "logStreamNamePrefix").value_or("");
    if (const auto* names = array_member(from.input, "logStreamNames")) {
        if (!wanted.prefix.empty()) {
            return invalid_parameter("Cannot specify both logStreamNames and logStreamNamePrefix.");
        }
        for (const auto& name : *names) {
            const auto there = require_stream(in, group->name, std::string(name.as_string()));
            if (!there) {
                return there.error();
            }
            wanted.streams.insert(there->name);
        }
    }
    wanted.first =
        std::max(int_member(from.input, "startTime").value_or(0), oldest_kept(in, *group));
    wanted.end =
        int_member(from.input, "endTime").value_or(std::numeric_limits<std::int64_t>::max() - 1);
    const auto token = string_member(from.input, "nextToken");
    if (token && !read_token(*token, wanted)) {
        return invalid_parameter("The specified nextToken is invalid.");
    }
    return wanted;
}

}  // namespace

api_result filter_log_events(log_registry& in, const call& from) {
    const auto wanted = read_search(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto pattern =
        filter_pattern::parse(string_member(from.input, "filterPattern").value_or(""));
    if (!pattern) {
        return invalid_parameter(pattern.error().context);
    }
    const auto limit = int_member(from.input, "limit").value_or(most_events);
    json::array found;
    std::int64_t bytes = 0;
    std::int64_t scanned = 0;
    bool full = false;
    std::string last;
    const auto read = in.state.db().query(
        "logs.filter",
        "SELECT e.id, s.name, e.at, e.ingested_at, e.message FROM log_events AS e"
        " JOIN log_streams AS s ON s.id = e.stream WHERE s.log_group = ?1"
        " AND substr(s.name, 1, length(?2)) = ?2 AND e.at >= ?3 AND e.at <= ?4"
        " AND (e.at, e.id) > (?5, ?6) ORDER BY e.at, e.id LIMIT ?7",
        {wanted->group, wanted->prefix, wanted->first, wanted->end, wanted->at, wanted->id,
         most_scanned},
        [&](const db::row& row) {
            const auto message = row.text(4);
            const auto size = static_cast<std::int64_t>(message.size()) + event_overhead;
            full = full || static_cast<std::int64_t>(found.size()) == limit ||
                   (bytes + size > most_bytes && !found.empty());
            if (full) {
                return;
            }
            ++scanned;
            last = row.text(2) + "/" + row.text(0);
            const auto stream = row.text(1);
            if ((!wanted->streams.empty() && !wanted->streams.contains(stream)) ||
                !pattern->matches(message)) {
                return;
            }
            bytes += size;
            found.push_back(json::object{{"logStreamName", stream},
                                         {"timestamp", row.integer(2)},
                                         {"message", message},
                                         {"ingestionTime", row.integer(3)},
                                         {"eventId", long_number(row.integer(0))}});
        });
    if (!read) {
        return internal_error(read.error());
    }
    json::object output{{"events", std::move(found)}, {"searchedLogStreams", json::array()}};
    if (full || scanned == most_scanned) {
        output["nextToken"] = last;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::logs
