#pragma once

#include "libs/log_store/log.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace evergrass::log_store {

// A log with a thread of its own that writes and saves, so that its owner's thread never waits for
// the disk. All that is appended while one fdatasync runs goes into the next one; when nothing
// runs, a record is written at once. There is no timer but the one after a failure.
//
// append, rewrite, truncate_front, post and flush_and_stop are for one thread at a time: the
// owner's. retry, durable and last may be called from any. The callbacks run on the committer's
// thread, one at a time, with no lock held; they may call retry() and durable(), and append() as
// long as the owner sees to it that no other thread does, and nothing else of this. They usually
// post to the owner's event loop. After flush_and_stop() none runs.
//
// What survives a power cut: all up to the sequence given to on_durable.
class group_committer {
public:
    struct handlers {
        // All records up to here, those of a rewrite included, are durable. Only goes up.
        std::function<void(sequence)> on_durable;
        // The disk failed. A failed write is kept in memory and tried again after retry_delay, or
        // at retry(); a failed rewrite is given up, with the old content in place.
        std::function<void(const error&)> on_error;
    };
    struct settings {
        std::chrono::milliseconds retry_delay{1000};
        // What may wait in memory for the disk. A record more is refused; one alone never is.
        std::size_t max_waiting_bytes = 16 * 1024 * 1024;
    };

    group_committer(log store, handlers handlers, settings settings);
    group_committer(log store, handlers handlers);
    group_committer(const group_committer&) = delete;
    group_committer& operator=(const group_committer&) = delete;
    // flush_and_stop()
    ~group_committer();

    // Takes one record, the parts one after the other, and returns its number; it is durable when
    // on_durable says so. Costs a copy and a short lock. errc::too_large; log_errc::log_full when
    // max_bytes is reached and the log's policy is to refuse; errc::unavailable, or the disk's last
    // error, when max_waiting_bytes wait; errc::closed. A refused record leaves all as it was.
    result<sequence> append(std::span<const std::string_view> parts);
    // The same, and log::truncate_front(drop_before) behind it in one write, so that no power cut
    // leaves the truncation without the record. At most all before the record goes; 0: nothing.
    result<sequence> append(std::span<const std::string_view> parts, sequence drop_before);
    result<sequence> append(std::string_view payload);

    // Replaces all that was appended so far by `records`, in one step; what is appended later comes
    // after them. The number of the last of them (of the last ever, if there is none). Whether it
    // is durable is told by on_durable, and that it failed by on_error. errc::closed.
    result<sequence> rewrite(std::vector<std::string> records);

    // log::truncate_front, behind what was appended so far. Durable some time later.
    void truncate_front(sequence from);

    // Runs `work` on the committer's thread with the log, behind what was appended so far, for
    // reading or counters. It must not change the log.
    void post(std::function<void(const log&)> work);

    // After on_error: try again now, because space was freed or the disk is back.
    void retry();

    // Makes all that waits durable, ends the thread. The disk's error when that was not possible;
    // then what on_durable did not cover may be lost. Later appends are refused.
    result<void> flush_and_stop();

    sequence durable() const;
    sequence last() const;

private:
    // One step for the thread. Frames are taken together as long as nothing else comes between.
    struct task {
        enum class kind { append, rewrite, truncate, work } what;
        std::string frames;
        sequence number = 0;  // append: the last one; rewrite: the first; truncate: the position
        std::vector<std::string> records;
        std::function<void(const log&)> work;
    };

    void run();
    void carry_out(task& next);
    void report(const error& failure);
    std::optional<error> refusal(std::size_t payload) const;

    log store_;  // the thread's
    const handlers handlers_;
    const settings settings_;
    const std::uint64_t max_bytes_;
    const bool refuses_when_full_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<task> tasks_;
    std::size_t waiting_bytes_ = 0;  // appended and not durable
    std::uint64_t log_bytes_ = 0;    // of the durable part
    sequence last_ = 0;
    sequence durable_ = 0;
    std::optional<error> failed_;  // the last attempt
    bool retry_now_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace evergrass::log_store
