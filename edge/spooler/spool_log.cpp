#include "edge/spooler/spool_log.hpp"

#include "edge/spooler/spool_record.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace evergrass::edge {
namespace {

// Files that have no message any more, but a count, are made so small again.
constexpr std::uint64_t empty_bytes = 64 * 1024;

}  // namespace

spool_log::spool_log(log_store::log store, std::uint64_t newest_count,
                     log_store::group_committer::handlers told,
                     log_store::group_committer::settings settings)
    : newest_(store.last()),
      removed_to_(store.first()),
      saved_count_(newest_count),
      appended_bytes_(store.bytes()),
      committer_(std::move(store), std::move(told), settings) {}

result<std::uint64_t> spool_log::append(wall_time at, const spool_queue::content& message,
                                        std::uint64_t gave_way, const spool_queue& queue) {
    const auto head = spool_record_head(at, message.topic, gave_way);
    return append(std::array<std::string_view, 3>{head, message.topic, *message.payload}, gave_way,
                  queue);
}

// A record that says how many gave way, and, behind it in the same write, what the log need not
// keep.
result<std::uint64_t> spool_log::append(std::span<const std::string_view> parts,
                                        std::uint64_t gave_way, const spool_queue& queue) {
    const auto from = unremoved_bytes_ != 0 ? queue.oldest_saved() : 0;
    auto number = committer_.append(parts, from);
    if (number) {
        newest_ = *number;
        removed_to_ = std::max(removed_to_, std::min(from, *number));
        unremoved_bytes_ = 0;
        saved_count_ = gave_way;
        for (const auto& part : parts) {
            appended_bytes_ += part.size();
        }
    }
    return number;
}

result<void> spool_log::catch_up(std::uint64_t gave_way, wall_time now, const spool_queue& queue) {
    const auto oldest = queue.oldest_saved();
    const bool emptied = oldest == UINT64_MAX && unremoved_bytes_ != 0 && gave_way != 0;
    if (emptied || saved_count_ != gave_way) {
        return save_count(gave_way, now, queue);
    }
    if (std::exchange(unremoved_bytes_, 0) == 0) {
        return {};
    }
    if (const auto from = std::min(oldest, newest_ + 1); from > removed_to_) {
        removed_to_ = from;
        committer_.truncate_front(from);
    }
    return {};
}

result<void> spool_log::save_count(std::uint64_t gave_way, wall_time now,
                                   const spool_queue& queue) {
    const auto record = spool_record_head(now, "", gave_way);
    const std::string_view part = record;
    if (queue.oldest_saved() != UINT64_MAX || appended_bytes_ <= empty_bytes) {
        const auto number = append({&part, 1}, gave_way, queue);
        return number ? result<void>() : result<void>(number.error());
    }
    const auto number = committer_.rewrite({record});
    if (!number) {
        return number.error();
    }
    newest_ = *number;
    unremoved_bytes_ = 0;
    saved_count_ = gave_way;
    appended_bytes_ = 0;
    return {};
}

// The next record brings the count and what is gone.
void spool_log::note_failure() {
    saved_count_.reset();
    ++unremoved_bytes_;
}

void spool_log::read(std::uint64_t from, std::size_t bytes,
                     std::function<void(result<std::vector<log_store::record>>)> done) {
    committer_.post([from, bytes, done = std::move(done)](const log_store::log& store) {
        log_store::position where{from, 0, 0};
        done(store.read(where, bytes));
    });
}

}  // namespace evergrass::edge
