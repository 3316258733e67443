#pragma once

#include "libs/base/result.hpp"
#include "libs/log_store/file_system.hpp"
#include "libs/log_store/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::log_store {

enum class full_policy {
    refuse,       // append() fails with log_errc::log_full
    drop_oldest,  // the oldest segment's records give way and are counted
};

struct options {
    // A segment is closed when it is so large; at least 64 KiB. With max_bytes set it is made
    // smaller as needed (to 16 KiB at the least), so that about an eighth gives way at once.
    std::uint64_t segment_bytes = 4 * 1024 * 1024;
    // Bound of bytes(): files and what waits for sync(). 0: none, else at least 64 KiB. While a
    // sync() or rewrite() runs, what is being replaced is on the disk besides.
    std::uint64_t max_bytes = 0;
    full_policy when_full = full_policy::refuse;
    // append() calls sync() itself when so much waits.
    std::size_t buffer_bytes = 1024 * 1024;
};

// What open() found. Records that were lost before they were durable are no damage.
struct recovery_report {
    struct damage {
        std::string file;          // its name in the directory; empty for a missing segment
        std::string what;          // a sentence part: "2 records are damaged", ...
        std::uint64_t offset = 0;  // in the file
        std::uint64_t bytes = 0;   // that were passed over
    };

    std::uint64_t records = 0;    // kept
    std::uint64_t bytes_cut = 0;  // the torn end of the last, unfinished write
    std::vector<damage> damaged;  // what once was durable and is not readable
    std::uint64_t segments = 0;

    bool undamaged() const { return damaged.empty(); }
};

struct record {
    sequence number;
    std::string payload;
};

// Where a reader stands; {} is the oldest record. Stays good over append, truncate_front, rewrite
// and restarts: it is the next record's number, and a hint where that one was.
struct position {
    sequence next = 1;
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
};

struct counters {
    std::uint64_t dropped_oldest = 0;   // records that gave way to max_bytes
    std::uint64_t bytes_written = 0;    // passed to write, headers and repetitions included
    std::uint64_t syncs = 0;            // of files and directories
    std::uint64_t damaged_on_read = 0;  // records or runs of them found damaged after open()
};

// Records on disk, in order, added at the back and taken away at the front: a directory of segment
// files (docs/formats/log-store.md). Not for two threads at once, nor two logs in one directory.
//
// What survives a power cut: all that durable() covers, unaltered, unless truncated since. Of what
// was appended after it a prefix may survive. A truncate_front() may be undone until the next
// sync(). A rewrite() is whole or not at all.
//
// After an error nothing is lost that was durable, and what was not stays in memory: the next
// sync() tries it again, into a new file when the old one can't be trusted any more.
class log {
public:
    // Makes the directory when missing and reads all of its segments. Damage is no error: see
    // recovery(). Fails when the disk can't be read or saved, or a segment is of a later version.
    // A read-only file system is no error until something is to be written.
    static result<log> open(file_system& disk, std::string directory, options options = {});
    log(log&&) noexcept;
    log& operator=(log&&) noexcept;
    // Does not save: call sync() first.
    ~log();

    // Copies one record, the parts one after the other, into memory; its number is last() then.
    // errc::too_large above 64 MiB or max_bytes; log_errc::log_full. When the buffer is full and
    // can't be written, the disk's error: the record is refused and the log as before.
    result<sequence> append(std::span<const std::string_view> parts);
    result<sequence> append(std::string_view payload);

    // Makes all that was appended or truncated durable: one write and one fdatasync, and more only
    // where a segment ends. Nothing to do: no system call.
    result<void> sync();

    // Drops the records before `from`, which may be last() + 1 for all; later ones are kept. Whole
    // segments are deleted at the next sync(). Never goes back.
    void truncate_front(sequence from);

    using append_function = std::function<result<void>(std::span<const std::string_view>)>;
    // Replaces all records by those that `writer` appends, in one step and durably. On an error,
    // of the writer or the disk, the old content stays; but when the very last step failed (saving
    // the directory) the new content is in place, durable after the next successful sync().
    // max_bytes does not apply. All of it becomes one segment, whose space comes back as one.
    result<void> rewrite(const std::function<result<void>(const append_function&)>& writer);

    // Calls `each` with every record from `from` on, in order. The payload is valid in the call
    // only. Appended but not durable records are among them. `each` must not change the log.
    result<void> for_each(sequence from,
                          const std::function<void(sequence, std::string_view)>& each) const;

    // The next records of a reader, up to `max_bytes` of payload but at least one; empty at the
    // end. Moves `at` behind them.
    result<std::vector<record>> read(position& at, std::size_t max_bytes) const;

    sequence first() const;    // the oldest record; last() + 1 when there is none
    sequence last() const;     // the newest; 0 before the first ever
    sequence durable() const;  // all up to here survives a power cut
    std::uint64_t bytes() const;
    const counters& count() const;
    const recovery_report& recovery() const;

private:
    friend class group_committer;
    struct state;
    explicit log(std::unique_ptr<state> state);

    // Takes frames made by append_frame(), numbered upwards from last() + 1 or later; refuses none.
    void append_frames(std::string_view frames, sequence last_of_them);
    // rewrite() whose records are numbered from `first` on.
    result<void> rewrite_from(sequence first,
                              const std::function<result<void>(const append_function&)>& writer);

    std::unique_ptr<state> state_;
};

}  // namespace evergrass::log_store
