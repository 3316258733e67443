#pragma once

#include "libs/base/result.hpp"
#include "libs/log_store/file_system.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace evergrass::log_store {

// The number of a record: 1, 2, ... for ever, over all restarts. 0 is "none".
using sequence = std::uint64_t;
inline constexpr sequence greatest_sequence = sequence{1} << 62;

// The bytes of a segment file, docs/formats/log-store.md. All numbers are little-endian.
inline constexpr std::size_t segment_header_bytes = 64;
inline constexpr std::size_t frame_header_bytes = 16;
inline constexpr std::size_t max_record_bytes = 64 * 1024 * 1024;
inline constexpr std::uint32_t segment_version = 1;

struct segment_header {
    bool replaces_earlier = false;  // a snapshot: segments of smaller numbers are void
    std::uint64_t number = 0;
    sequence first = 0;          // no record of this segment has a smaller one
    sequence previous_last = 0;  // the last durable record before this segment
    sequence first_live = 0;     // truncate_front's position when the segment was begun
    std::uint32_t salt = 0;      // starts the checksum of each frame, see frame_checksum()
};

std::string encode(const segment_header& header);

// errc::corrupt when the bytes are no header, errc::unsupported when they are a later version's.
result<segment_header> decode_segment_header(std::string_view bytes);

// A frame carries a record or, as a control frame, truncate_front's position in place of the
// record's sequence.
struct frame {
    bool control = false;
    // The first of what one write passed to the disk. All before it was durable when it was
    // written, so damage before it is not the torn end of an unfinished write.
    bool begins_batch = false;
    sequence number = 0;
    std::string_view payload;
    std::uint64_t offset = 0;  // in the file
    std::uint64_t end = 0;     // where the next one begins
};

// What a record of so many bytes takes in a file: header, payload, padding to 8.
constexpr std::size_t frame_bytes(std::size_t payload) {
    return frame_header_bytes + (payload + 7) / 8 * 8;
}

// Adds a frame without its checksum, which depends on the segment that it will be written to.
// The payload is the parts, one after the other; at most max_record_bytes.
void append_frame(std::string& frames, sequence number, std::span<const std::string_view> parts);
void append_control_frame(std::string& frames, sequence first_live);

// Of the frame that append_frame() put at the front of `frames`.
std::size_t front_frame_bytes(std::string_view frames);
sequence front_frame_number(std::string_view frames);
std::string_view front_frame_payload(std::string_view frames);

// Completes the frames in place for a segment with this salt. `begins_batch`: the first one does.
void finish_frames(std::span<char> frames, std::uint32_t salt, bool begins_batch);

// Finds the undamaged frames of a segment, in order. Damage is passed over: the next frame that is
// whole and later in sequence goes on. The salt, unknown to who wrote a payload, keeps bytes
// inside of payloads, and old blocks of removed files, from being taken for frames.
class segment_scanner {
public:
    struct damage {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        // Zeros from its beginning, or from a multiple of 512, to the next: a lost write's trace.
        bool zeroed_block = false;
    };

    // Scans [begin, end) of `source`; only records after `last` count.
    segment_scanner(file& source, std::uint64_t begin, std::uint64_t end, std::uint32_t salt,
                    sequence last, std::size_t window_bytes = 64 * 1024);

    // None at the end. The payload is valid until the next call. An error is the source's.
    result<std::optional<frame>> next();

    // The damage between the frame returned last (or the end) and the one before it.
    const std::optional<damage>& passed() const { return passed_; }
    std::uint64_t offset() const { return offset_; }

private:
    result<std::string_view> bytes_at(std::uint64_t offset, std::size_t count);
    result<std::optional<frame>> frame_at(std::uint64_t offset);
    result<bool> has_zeroed_block(std::uint64_t begin, std::uint64_t end);

    file* source_;
    std::uint64_t offset_;
    std::uint64_t end_;
    std::uint32_t salt_;
    sequence last_;
    std::size_t window_bytes_;
    std::uint64_t search_budget_;  // bytes that the search behind damage may still checksum
    std::string window_;
    std::uint64_t window_offset_ = 0;
    std::optional<damage> passed_;
};

}  // namespace evergrass::log_store
