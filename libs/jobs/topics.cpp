#include "libs/jobs/topics.hpp"

#include "libs/shadow/topics.hpp"

#include <algorithm>

namespace evergrass::jobs {
namespace {

constexpr std::string_view things_prefix = "$aws/things/";
constexpr std::string_view jobs_level = "/jobs/";

std::string of_thing(std::string_view thing, std::string_view what) {
    return std::string(things_prefix).append(thing).append(jobs_level).append(what);
}

// What we say ourselves on topics below jobs/.
bool is_ours(std::string_view rest) {
    return rest == "notify" || rest == "notify-next" || rest.ends_with("/accepted") ||
           rest.ends_with("/rejected");
}

void read_request(std::string_view rest, request_topic& into) {
    if (rest == "get") {
        into.what = request::get_pending;
        return;
    }
    if (rest == "start-next") {
        into.what = request::start_next;
        return;
    }
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return;
    }
    const auto job = rest.substr(0, slash);
    const auto verb = rest.substr(slash + 1);
    if (verb == "get" && (job == next_job || is_job_id(job))) {
        into.what = request::describe;
        into.job_id = job;
    } else if (verb == "update" && is_job_id(job)) {
        into.what = request::update;
        into.job_id = job;
    }
}

}  // namespace

bool is_job_id(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}

std::optional<request_topic> parse_request_topic(std::string_view topic) {
    if (!topic.starts_with(things_prefix)) {
        return std::nullopt;
    }
    const auto named = topic.substr(things_prefix.size());
    const auto thing = named.substr(0, named.find('/'));
    auto rest = named.substr(thing.size());
    if (!shadow::is_thing_name(thing) || !rest.starts_with(jobs_level)) {
        return std::nullopt;
    }
    rest.remove_prefix(jobs_level.size());
    if (is_ours(rest)) {
        return std::nullopt;
    }
    request_topic found;
    found.thing = thing;
    read_request(rest, found);
    return found;
}

std::string notify_topic(std::string_view thing) {
    return of_thing(thing, "notify");
}

std::string notify_next_topic(std::string_view thing) {
    return of_thing(thing, "notify-next");
}

}  // namespace evergrass::jobs
