#include "libs/log_store/segment.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/crc32c.hpp"

#include <algorithm>
#include <array>

namespace evergrass::log_store {
namespace {

constexpr std::string_view magic{"EVGLOG\r\n", 8};
constexpr std::uint32_t flag_replaces_earlier = 1;

// The length field of a frame: its low 28 bits are the payload's bytes.
constexpr std::uint32_t length_mask = 0x0fff'ffff;
constexpr std::uint32_t flag_control = 0x4000'0000;
constexpr std::uint32_t flag_begins_batch = 0x8000'0000;
constexpr std::uint32_t unknown_flags = 0x3000'0000;

constexpr std::size_t block_bytes = 512;

template <class Number>
void put(char* at, Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        at[i] = static_cast<char>(value >> (8 * i));
    }
}

template <class Number>
Number get(const char* at) {
    Number value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        value |= static_cast<Number>(static_cast<unsigned char>(at[i])) << (8 * i);
    }
    return value;
}

// Over all of the frame but the checksum itself and the padding.
std::uint32_t frame_checksum(const char* at, std::size_t payload, std::uint32_t salt) {
    const auto length = crc32c({at, 4}, salt);
    return crc32c({at + 8, frame_header_bytes - 8 + payload}, length);
}

void append_frame_header(std::string& frames, std::uint32_t length, sequence number) {
    std::array<char, frame_header_bytes> header{};
    put<std::uint32_t>(header.data(), length);
    put<std::uint64_t>(header.data() + 8, number);
    frames.append(header.data(), header.size());
}

}  // namespace

std::string encode(const segment_header& header) {
    std::string bytes(segment_header_bytes, '\0');
    std::copy(magic.begin(), magic.end(), bytes.begin());
    put<std::uint32_t>(&bytes[8], segment_version);
    put<std::uint32_t>(&bytes[12], header.replaces_earlier ? flag_replaces_earlier : 0);
    put<std::uint64_t>(&bytes[16], header.number);
    put<std::uint64_t>(&bytes[24], header.first);
    put<std::uint64_t>(&bytes[32], header.previous_last);
    put<std::uint64_t>(&bytes[40], header.first_live);
    put<std::uint32_t>(&bytes[48], header.salt);
    put<std::uint32_t>(&bytes[60], crc32c(std::string_view(bytes).substr(0, 60)));
    return bytes;
}

result<segment_header> decode_segment_header(std::string_view bytes) {
    if (bytes.size() < segment_header_bytes || !bytes.starts_with(magic) ||
        get<std::uint32_t>(&bytes[60]) != crc32c(bytes.substr(0, 60))) {
        return error{errc::corrupt, "its first 64 bytes are no segment header"};
    }
    const auto version = get<std::uint32_t>(&bytes[8]);
    const auto flags = get<std::uint32_t>(&bytes[12]);
    if (version != segment_version || (flags & ~flag_replaces_earlier) != 0) {
        return error{errc::unsupported,
                     "it has version " + std::to_string(version) + ", flags " +
                         std::to_string(flags) + "; this program reads version " +
                         std::to_string(segment_version) +
                         ". Start the program that wrote it, or move its directory away"};
    }
    segment_header header;
    header.replaces_earlier = (flags & flag_replaces_earlier) != 0;
    header.number = get<std::uint64_t>(&bytes[16]);
    header.first = get<std::uint64_t>(&bytes[24]);
    header.previous_last = get<std::uint64_t>(&bytes[32]);
    header.first_live = get<std::uint64_t>(&bytes[40]);
    header.salt = get<std::uint32_t>(&bytes[48]);
    if (header.first == 0 || header.first > greatest_sequence ||
        header.previous_last >= header.first || header.first_live == 0 ||
        header.first_live > greatest_sequence) {
        return error{errc::corrupt, "its header has impossible numbers"};
    }
    return header;
}

void append_frame(std::string& frames, sequence number, std::span<const std::string_view> parts) {
    std::size_t payload = 0;
    for (const auto part : parts) {
        payload += part.size();
    }
    append_frame_header(frames, static_cast<std::uint32_t>(payload), number);
    for (const auto part : parts) {
        frames.append(part);
    }
    frames.append(frame_bytes(payload) - frame_header_bytes - payload, '\0');
}

void append_control_frame(std::string& frames, sequence first_live) {
    append_frame_header(frames, flag_control, first_live);
}

std::size_t front_frame_bytes(std::string_view frames) {
    return frame_bytes(get<std::uint32_t>(frames.data()) & length_mask);
}

sequence front_frame_number(std::string_view frames) {
    return get<std::uint64_t>(frames.data() + 8);
}

std::string_view front_frame_payload(std::string_view frames) {
    return frames.substr(frame_header_bytes, get<std::uint32_t>(frames.data()) & length_mask);
}

void finish_frames(std::span<char> frames, std::uint32_t salt, bool begins_batch) {
    for (char* at = frames.data(); at != frames.data() + frames.size();) {
        auto length = get<std::uint32_t>(at) & ~flag_begins_batch;
        if (begins_batch) {
            length |= flag_begins_batch;
            begins_batch = false;
        }
        put<std::uint32_t>(at, length);
        const auto payload = length & length_mask;
        put<std::uint32_t>(at + 4, frame_checksum(at, payload, salt));
        at += frame_bytes(payload);
    }
}

segment_scanner::segment_scanner(file& source, std::uint64_t begin, std::uint64_t end,
                                 std::uint32_t salt, sequence last, std::size_t window_bytes)
    : source_(&source),
      offset_(begin),
      end_(end),
      salt_(salt),
      last_(last),
      window_bytes_(std::max<std::size_t>(window_bytes, block_bytes)),
      // Enough for any honest damage; bounds what a payload made to look like frame headers costs.
      search_budget_(16 * (end - std::min(begin, end)) + 1024 * 1024) {}

result<std::string_view> segment_scanner::bytes_at(std::uint64_t offset, std::size_t count) {
    const auto window_end = window_offset_ + window_.size();
    if (offset < window_offset_ || offset + count > window_end) {
        const auto wanted = static_cast<std::size_t>(
            std::min<std::uint64_t>(std::max(count, window_bytes_), end_ - offset));
        window_.resize(wanted);
        window_offset_ = offset;
        const auto got = source_->read_at(offset, window_);
        if (!got) {
            window_.clear();
            return got.error();
        }
        window_.resize(*got);
    }
    return std::string_view(window_).substr(static_cast<std::size_t>(offset - window_offset_),
                                            count);
}

result<std::optional<frame>> segment_scanner::frame_at(std::uint64_t offset) {
    if (end_ - offset < frame_header_bytes) {
        return std::optional<frame>();
    }
    const auto header = bytes_at(offset, frame_header_bytes);
    if (!header) {
        return header.error();
    }
    if (header->size() < frame_header_bytes) {
        return std::optional<frame>();
    }
    const auto length = get<std::uint32_t>(header->data());
    const auto payload = length & length_mask;
    frame found;
    found.control = (length & flag_control) != 0;
    found.begins_batch = (length & flag_begins_batch) != 0;
    found.number = get<std::uint64_t>(header->data() + 8);
    found.offset = offset;
    found.end = offset + frame_bytes(payload);
    const bool plausible =
        (length & unknown_flags) == 0 && payload <= max_record_bytes && found.end <= end_ &&
        (found.control ? payload == 0 : found.number > last_) && found.number <= greatest_sequence;
    if (!plausible) {
        return std::optional<frame>();
    }
    const auto whole = bytes_at(offset, frame_bytes(payload));
    if (!whole) {
        return whole.error();
    }
    if (passed_) {
        search_budget_ -= std::min<std::uint64_t>(search_budget_, whole->size());
    }
    if (whole->size() < frame_bytes(payload) ||
        get<std::uint32_t>(whole->data() + 4) != frame_checksum(whole->data(), payload, salt_)) {
        return std::optional<frame>();
    }
    found.payload = whole->substr(frame_header_bytes, payload);
    return std::optional<frame>(found);
}

result<bool> segment_scanner::has_zeroed_block(std::uint64_t begin, std::uint64_t end) {
    while (begin < end) {
        const auto block_end = (begin / block_bytes + 1) * block_bytes;
        if (block_end > end) {
            break;
        }
        const auto block = bytes_at(begin, static_cast<std::size_t>(block_end - begin));
        if (!block) {
            return block.error();
        }
        if (std::all_of(block->begin(), block->end(), [](char c) { return c == '\0'; })) {
            return true;
        }
        begin = block_end;
    }
    return false;
}

result<std::optional<frame>> segment_scanner::next() {
    passed_.reset();
    const auto begin = offset_;
    auto at = begin;
    for (; at < end_; at += 8) {
        if (passed_ && search_budget_ == 0) {
            at = end_;
            break;
        }
        const auto found = frame_at(at);
        if (!found) {
            return found.error();
        }
        if (*found) {
            break;
        }
        if (!passed_) {
            passed_ = damage{begin, 0, false};
        }
    }
    at = std::min(at, end_);
    if (passed_) {
        passed_->bytes = at - begin;
        const auto zeroed = has_zeroed_block(begin, at);
        if (!zeroed) {
            return zeroed.error();
        }
        passed_->zeroed_block = *zeroed;
    }
    offset_ = at;
    if (at == end_) {
        return std::optional<frame>();
    }
    // Once more, because the look at the damage may have moved the window.
    auto found = frame_at(at);
    if (!found || !*found) {
        return found;
    }
    offset_ = (*found)->end;
    if (!(*found)->control) {
        last_ = (*found)->number;
    }
    return found;
}

}  // namespace evergrass::log_store
