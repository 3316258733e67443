#pragma once

#include <optional>
#include <string>
#include <string_view>

// The MQTT topics of jobs (spec/cloud.md §5.2), all below `$aws/things/T/jobs/`.
namespace evergrass::jobs {

enum class request {
    get_pending,  // get
    start_next,   // start-next
    describe,     // {jobId}/get; the job may be `$next`
    update,       // {jobId}/update
    unknown,      // a topic that means nothing: answered with InvalidTopic
};

// 1 to 64 of [a-zA-Z0-9_-].
bool is_job_id(std::string_view text);

inline constexpr std::string_view next_job = "$next";

struct request_topic {
    std::string thing;
    request what = request::unknown;
    std::string job_id;  // of describe and update
};

// Nothing: no topic on which the jobs of a thing are asked for something. What we publish
// (notify, notify-next, …/accepted, …/rejected) is none.
std::optional<request_topic> parse_request_topic(std::string_view topic);

std::string notify_topic(std::string_view thing);
std::string notify_next_topic(std::string_view thing);

}  // namespace evergrass::jobs
