#pragma once

#include "cloud/jobs/job_records.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/message.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// A message about jobs.
struct job_message {
    std::string topic;
    std::string payload;
    std::string to;  // the only client that gets it; empty: all who have subscribed
    mqtt::receipt pending;
};

// A URL from which the thing may fetch the object that `url` names, without a signature of its own,
// for so long. Any thread that may wait for the store. The error is for the caller of the API.
using job_url_signer =
    std::function<result<std::string>(std::string_view url, const std::string& role_arn,
                                      const std::string& thing, std::chrono::seconds lasts)>;

// What one transaction does to jobs and what is to be said of it once it is committed. Every change
// of a job or an execution goes through here, so that numbers, retries, abort and completion follow
// from it. Errors are the store's: the transaction is to be rolled back.
class job_changes {
public:
    // `now`: milliseconds since 1970. All that is passed by reference outlives it.
    job_changes(store& state, const service_identity& identity, std::int64_t now,
                const job_url_signer& sign, const logger& log);

    store& state() { return state_; }
    std::int64_t now() const { return now_; }
    const service_identity& identity() const { return identity_; }

    // A new job for `targets`, ARNs of things and groups that exist; its first things get it.
    result<job_record> create(job_record job, const std::vector<std::string>& targets);
    // More targets for a continuous job.
    result<void> add_targets(job_record& job, const std::vector<std::string>& targets);
    // Ends the job and its QUEUED executions, with `force` those IN_PROGRESS too.
    result<void> cancel(job_record& job, bool force, std::optional<std::string> reason_code,
                        std::optional<std::string> comment);
    // Removes all of it.
    result<void> remove(job_record& job);
    result<void> remove_execution(job_record& job, const jobs::execution& one);

    // The execution has become `after`.
    result<void> change(job_record& job, const jobs::execution& before,
                        const jobs::execution& after);

    // Gives the job to the things whose turn it is.
    result<void> roll_out(job_record& job);
    // Holds jobs against things and groups as they are: continuous ones reach who has joined a
    // group, and executions of who has left, or is deleted, are REMOVED.
    result<void> follow_things();
    // Timers that ran out and rollouts whose time has come, a part of them: false when some are
    // left.
    result<bool> look();
    // When look() has something to do next; nullopt: nothing waits for its time.
    result<std::optional<std::int64_t>> due();

    // The job's document as the thing gets it, presigned URLs in place. A refusal of the signer is
    // jobs::errc::invalid_request.
    result<std::string> document_for(const job_record& job, const std::string& thing);

    void say(job_message message) { said_.push_back(std::move(message)); }
    std::size_t said() const { return said_.size(); }
    void unsay(std::size_t beyond) { said_.resize(beyond); }  // of a part that was rolled back
    // All messages; those that tell things of their changed lists come last.
    result<std::vector<job_message>> finish();

private:
    struct pending_list {
        std::vector<std::pair<std::string, std::int64_t>> jobs;  // id and number, in order
    };

    result<void> touch(const std::string& thing);
    result<pending_list> list_of(std::string_view thing);
    result<void> say_list(const std::string& thing, const pending_list& before);
    result<void> queue(job_record& job, const std::string& thing, std::int64_t retry_attempt);
    result<void> set_targets(const job_record& job, const std::vector<std::string>& targets);
    result<void> after_end(job_record& job, const jobs::execution& ended);
    result<void> abort_if_tripped(job_record& job);
    result<void> complete_if_done(job_record& job);
    result<std::int64_t> waiting_things(const job_record& job);
    result<void> end_executions(job_record& job, std::optional<jobs::status> only);
    result<void> time_out(std::int64_t most, std::size_t& done);
    result<void> remove_who_left(job_record& job);
    result<void> say_job_event(const job_record& job, std::string_view what);
    void say_execution_event(const job_record& job, const jobs::execution& one,
                             std::string_view what);

    store& state_;
    const service_identity& identity_;
    std::int64_t now_;
    const job_url_signer& sign_;
    const logger& log_;
    std::map<std::string, pending_list, std::less<>> before_;  // of each thing that was touched
    std::vector<job_message> said_;
};

// {"numberOfQueuedThings": …}, without the targets.
json::object process_details(const jobs::tally& counts);

}  // namespace evergrass::cloud
