#include "cloud/logs/operations.hpp"

namespace evergrass::cloud::logs {
namespace {

constexpr std::int64_t hour = 60 * 60 * 1000;
constexpr std::int64_t day = 24 * hour;
// AWS's limits of a batch.
constexpr std::int64_t most_request_bytes = 1'048'576;
constexpr std::int64_t most_message = 256 * 1024 - event_overhead;

// In order, not too large; the message says what is wrong.
std::optional<api_error> check_batch(const std::vector<new_event>& events) {
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto size = static_cast<std::int64_t>(events[i].message.size());
        bytes += size + event_overhead;
        if (size > most_message) {
            return invalid_parameter("Log event too large: " + std::to_string(size) +
                                     " bytes exceeds limit of " + std::to_string(most_message));
        }
        if (i > 0 && events[i].at < events[i - 1].at) {
            return invalid_parameter(
                "Log events in a single PutLogEvents request must be in chronological order.");
        }
    }
    if (bytes > most_request_bytes) {
        return invalid_parameter("Upload too large: " + std::to_string(bytes) +
                                 " bytes exceeds limit of 1048576");
    }
    if (events.back().at - events.front().at > day) {
        return invalid_parameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 "
            "hours.");
    }
    return std::nullopt;
}

}  // namespace

// Sequence tokens are given and not asked for, as AWS has it since 2023. What is older than two
// weeks or the group's retention, or more than two hours ahead, is left out and told.
api_result put_log_events(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    const auto stream = group ? requested_stream(in, from) : answer<log_stream>(group.error());
    if (!stream) {
        return stream.error();
    }
    std::vector<new_event> events;
    for (const auto& each : *array_member(from.input, "logEvents")) {
        const auto& event = each.as_object();
        events.push_back({int_member(event, "timestamp").value_or(0),
                          string_member(event, "message").value_or("")});
    }
    if (auto wrong = check_batch(events)) {
        return *wrong;
    }
    const auto now = now_milliseconds(in);
    const auto too_old = now - 14 * day;
    const auto expired = oldest_kept(in, *group);
    json::object rejected;
    std::vector<new_event> taken;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto at = events[i].at;
        if (at < expired) {
            rejected["expiredLogEventEndIndex"] = i + 1;
        } else if (at < too_old) {
            rejected["tooOldLogEventEndIndex"] = i + 1;
        } else if (at > now + 2 * hour) {
            rejected.emplace("tooNewLogEventStartIndex", i);
        } else {
            taken.push_back(std::move(events[i]));
        }
    }
    if (auto kept = append(in, *group, *stream, taken); !kept) {
        return kept.error();
    }
    json::object output{{"nextSequenceToken", long_number(stream->sequence + 2)}};
    if (!rejected.empty()) {
        output["rejectedLogEventsInfo"] = std::move(rejected);
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::logs
