#pragma once

#include "edge/spooler/spool_queue.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/log_store/group_committer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// The log of a spooler: what is appended to it, and what it is told that it need not keep
// (docs/formats/spool.md). Its newest record says how many messages gave way: where no message
// brings that number, a record does that is no message.
//
// Invariants:
// - a count that the log has is never younger than the loss: what the log need not keep is told
//   behind the record that counts it, in one write;
// - nothing is told twice, nor of a message that waits.
//
// For one thread, the owner's; the log is written by a thread of its own, on which the handlers
// run. What survives a power cut: all up to what on_durable said.
class spool_log {
public:
    // `newest_count`: what the newest record of `store` says.
    spool_log(log_store::log store, std::uint64_t newest_count,
              log_store::group_committer::handlers told,
              log_store::group_committer::settings settings);

    // Takes a message, to follow what waits in `queue`; its number in the log. The topic has at
    // most 65,535 bytes, as for each message. The errors of group_committer::append.
    result<std::uint64_t> append(wall_time at, const spool_queue::content& message,
                                 std::uint64_t gave_way, const spool_queue& queue);

    // A message of the log, of so many bytes, waits no more.
    void note_gone(std::uint32_t bytes) { unremoved_bytes_ += bytes; }
    std::uint64_t unremoved_bytes() const { return unremoved_bytes_; }
    // Is there something that the log was not told, or a count that it does not have?
    bool is_behind(std::uint64_t gave_way) const {
        return unremoved_bytes_ != 0 || saved_count_ != gave_way;
    }
    // Tells it. Files that have no message any more, but a count, are made small again.
    result<void> catch_up(std::uint64_t gave_way, wall_time now, const spool_queue& queue);
    // The disk failed: a rewrite, if there was one, is given up, and what it would have said is
    // not there either.
    void note_failure();

    std::uint64_t newest() const { return newest_; }
    std::uint64_t durable() const { return committer_.durable(); }
    // Reads up to `bytes`, at least one record, from the log's number `from` on; `done` is called
    // on the log's thread.
    void read(std::uint64_t from, std::size_t bytes,
              std::function<void(result<std::vector<log_store::record>>)> done);
    // Waits for the disk; nothing is taken or told after it.
    result<void> flush_and_stop() { return committer_.flush_and_stop(); }

private:
    result<std::uint64_t> append(std::span<const std::string_view> parts, std::uint64_t gave_way,
                                 const spool_queue& queue);
    result<void> save_count(std::uint64_t gave_way, wall_time now, const spool_queue& queue);

    std::uint64_t newest_;               // the log's last number
    std::uint64_t removed_to_;           // what the log was told: it need not keep those before
    std::uint64_t unremoved_bytes_ = 0;  // of what is gone since
    // What the newest record says; nullopt: nobody knows, as a write failed.
    std::optional<std::uint64_t> saved_count_;
    std::uint64_t appended_bytes_;  // to the files since they were small
    log_store::group_committer committer_;
};

}  // namespace evergrass::edge
