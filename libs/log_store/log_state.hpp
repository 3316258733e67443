#pragma once

#include "libs/log_store/log.hpp"

#include <deque>
#include <optional>

namespace evergrass::log_store {

// A segment as an open log knows it. What counts of its file is [segment_header_bytes, size).
struct segment {
    std::uint64_t number = 0;
    sequence first = 0;
    sequence last = 0;          // first - 1 when it has no record
    std::uint64_t records = 0;  // those before first_live included
    std::uint64_t size = 0;
    std::uint32_t salt = 0;
    bool readable = true;  // false: its header is damaged; it waits for its removal

    // Its name in a position. A number may be used again after a power cut, the salt is not.
    std::uint64_t id() const { return number << 32 | salt; }
};

// The inside of log, shared by log.cpp (append, sync, rewrite), log_read.cpp and log_recovery.cpp.
struct log::state {
    state(file_system& d, std::string dir, options o);

    file_system* disk;
    std::string directory;
    options settings;
    recovery_report report;
    mutable counters counted;

    std::deque<segment> segments;    // with live records, oldest first
    std::vector<std::string> dead;   // paths of files to remove once that is safe
    std::unique_ptr<file> active;    // of segments.back(); null: the next write begins a segment
    std::uint64_t next_number = 1;   // of segments, never used twice
    bool directory_unsaved = false;  // a rename is in effect that a power cut may undo

    std::string pending;              // frames without checksum, which no segment holds yet
    sequence pending_first = 0;       // the number of the first of them
    bool truncation_pending = false;  // first_live is not on the disk yet

    sequence first_live = 1;
    sequence last = 0;
    sequence durable = 0;

    std::string path(const segment& s) const;
    std::uint64_t bytes() const;
    sequence last_before_pending() const { return pending.empty() ? last : pending_first - 1; }

    void append_frames(std::string_view frames, sequence last_of_them);
    result<void> make_room(std::uint64_t wanted);
    result<void> drop_oldest_segment();
    void truncate_front(sequence from);
    void retire_truncated();
    void retire_front();
    std::uint64_t live_records(const segment& s) const;

    result<void> sync();
    result<void> write_batch();
    result<void> write_and_save(file& target, bool fresh, std::span<const std::string_view> parts);
    result<void> save_directory();
    void remove_dead();
    void shrink_dead();
    result<void> rewrite(sequence first,
                         const std::function<result<void>(const append_function&)>& writer);

    // Until `each` returns false, which leaves `at` before that record.
    result<void> read(position& at, std::size_t window_bytes,
                      const std::function<bool(sequence, std::string_view)>& each) const;
    result<bool> read_segment(const segment& s, position& at, std::size_t window_bytes,
                              const std::function<bool(sequence, std::string_view)>& each) const;

    result<void> recover();
    result<void> reopen_newest();
};

// What a file's name tells, so that the numbering goes on when its header can't be read:
// "NUMBER-FIRST.segment", 16 hexadecimal digits each, and ".new" behind it in a rewrite.
struct segment_name {
    std::uint64_t number = 0;
    sequence first = 0;
    bool unfinished = false;
};
std::string to_file_name(const segment_name& name);
std::optional<segment_name> parse_segment_name(std::string_view file_name);

}  // namespace evergrass::log_store
