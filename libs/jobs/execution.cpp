#include "libs/jobs/execution.hpp"

#include "libs/jobs/errors.hpp"

#include <algorithm>

namespace evergrass::jobs {
namespace {

constexpr std::int64_t milliseconds_per_minute = 60'000;

void set_step_timer(execution& of, std::optional<std::int64_t> minutes, std::int64_t now) {
    if (!minutes) {
        return;
    }
    of.step_until =
        *minutes < 0 ? std::nullopt : std::optional(now + *minutes * milliseconds_per_minute);
}

void enter(execution& of, status next, std::optional<std::int64_t> minutes_in_progress,
           std::int64_t now) {
    if (next == status::in_progress && of.state != status::in_progress) {
        of.started_at = now;
        if (minutes_in_progress) {
            of.in_progress_until = now + *minutes_in_progress * milliseconds_per_minute;
        }
    }
    if (is_terminal(next)) {
        of.in_progress_until.reset();
        of.step_until.reset();
    }
    of.state = next;
    of.updated_at = now;
    ++of.version;
}

}  // namespace

std::string_view to_string(status what) {
    switch (what) {
        case status::queued:
            return "QUEUED";
        case status::in_progress:
            return "IN_PROGRESS";
        case status::succeeded:
            return "SUCCEEDED";
        case status::failed:
            return "FAILED";
        case status::timed_out:
            return "TIMED_OUT";
        case status::rejected:
            return "REJECTED";
        case status::removed:
            return "REMOVED";
        case status::canceled:
            return "CANCELED";
    }
    return "unknown";
}

std::optional<status> parse_status(std::string_view text) {
    const auto* const found = std::find_if(all_statuses.begin(), all_statuses.end(),
                                           [&](status each) { return to_string(each) == text; });
    return found == all_statuses.end() ? std::nullopt : std::optional(*found);
}

bool is_terminal(status what) {
    return what != status::queued && what != status::in_progress;
}

std::optional<std::int64_t> execution::times_out_at() const {
    if (in_progress_until && step_until) {
        return std::min(*in_progress_until, *step_until);
    }
    return in_progress_until ? in_progress_until : step_until;
}

result<execution> apply(const execution& before, const update_request& asked,
                        std::optional<std::int64_t> minutes_in_progress, std::int64_t now) {
    if (asked.expected_version && *asked.expected_version != before.version) {
        return error{errc::version_mismatch,
                     "expectedVersion is " + std::to_string(*asked.expected_version) +
                         ", but the job execution has version " + std::to_string(before.version)};
    }
    if (is_terminal(before.state)) {
        return error{errc::invalid_state_transition,
                     "A job execution that is " + std::string(to_string(before.state)) +
                         " cannot become " + std::string(to_string(asked.wanted))};
    }
    auto after = before;
    if (asked.details) {
        after.details = *asked.details;
    }
    set_step_timer(after, asked.step_timeout_minutes, now);
    enter(after, asked.wanted, minutes_in_progress, now);
    return after;
}

execution start(const execution& before, const start_request& asked,
                std::optional<std::int64_t> minutes_in_progress, std::int64_t now) {
    auto after = before;
    if (before.state != status::queued) {
        return after;
    }
    if (asked.details) {
        after.details = *asked.details;
    }
    set_step_timer(after, asked.step_timeout_minutes, now);
    enter(after, status::in_progress, minutes_in_progress, now);
    return after;
}

execution end(const execution& before, status how, std::int64_t now) {
    auto after = before;
    enter(after, how, {}, now);
    return after;
}

}  // namespace evergrass::jobs
