#include "cloud/gateway/paging.hpp"
#include "cloud/logs/operations.hpp"

#include <algorithm>

namespace evergrass::cloud::logs {
namespace {

constexpr paging_style streams_paging{"limit", "nextToken", "InvalidParameterException", 50, 50};

json::object shown(const log_registry& in, const std::string& group, const log_stream& stream) {
    json::object out{
        {"logStreamName", stream.name},
        {"creationTime", stream.created_at},
        {"arn", group_arn(in, group) + ":log-stream:" + stream.name},
        {"uploadSequenceToken", long_number(stream.sequence + 1)},
        {"storedBytes", stream.bytes},
    };
    if (stream.first_event_at) {
        out["firstEventTimestamp"] = *stream.first_event_at;
        out["lastEventTimestamp"] = *stream.last_event_at;
        out["lastIngestionTime"] = *stream.last_ingestion_at;
    }
    return out;
}

}  // namespace

// All of a group's streams are read and put in order: there are few, and the page is of them.
api_result describe_log_streams(log_registry& in, const call& from) {
    const auto page = requested_page(from, streams_paging);
    if (!page) {
        return page.error();
    }
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    const auto prefix = string_member(from.input, "logStreamNamePrefix").value_or("");
    const bool by_time = string_member(from.input, "orderBy") == "LastEventTime";
    if (by_time && !prefix.empty()) {
        return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
    }
    std::vector<log_stream> streams;
    const auto read = in.state.db().query(
        "logs.list_streams",
        "SELECT id, name, created_at, first_event_at, last_event_at, last_ingestion_at, bytes,"
        " sequence FROM log_streams WHERE log_group = ?1 AND substr(name, 1, length(?2)) = ?2"
        " ORDER BY name",
        {group->name, prefix}, [&](const db::row& row) { streams.push_back(read_stream(row)); });
    if (!read) {
        return internal_error(read.error());
    }
    if (by_time) {
        std::ranges::stable_sort(streams, {},
                                 [](const log_stream& s) { return s.last_event_at.value_or(0); });
    }
    if (bool_member(from.input, "descending").value_or(false)) {
        std::ranges::reverse(streams);
    }
    if (!page->after.empty()) {
        const auto last = std::ranges::find(streams, page->after, &log_stream::name);
        streams.erase(streams.begin(), last == streams.end() ? last : last + 1);
    }
    const auto next = cut_to_page(streams, *page, [](const log_stream& s) { return s.name; });
    json::array list;
    for (const auto& stream : streams) {
        list.push_back(shown(in, group->name, stream));
    }
    json::object output{{"logStreams", std::move(list)}};
    if (next) {
        output["nextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::logs
