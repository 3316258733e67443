#include "libs/log_store/log.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/log_state.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace evergrass::log_store {
namespace {

constexpr std::uint64_t least_segment_bytes = 64 * 1024;
constexpr std::uint64_t least_bounded_segment_bytes = 16 * 1024;
// A log without records keeps a file up to this size instead of making a new one.
constexpr std::uint64_t empty_log_bytes = 64 * 1024;
constexpr std::size_t rewrite_buffer_bytes = 1024 * 1024;

std::uint32_t random_salt() {
    const auto bytes = random_bytes(sizeof(std::uint32_t));
    std::uint32_t salt = 0;
    std::memcpy(&salt, bytes.data(), sizeof salt);
    return salt;
}

std::size_t total_bytes(std::span<const std::string_view> parts) {
    std::size_t total = 0;
    for (const auto part : parts) {
        total += part.size();
    }
    return total;
}

error too_large(std::size_t payload, std::uint64_t limit) {
    return {errc::too_large, "a record of " + std::to_string(payload) +
                                 " bytes does not fit in a log of " + std::to_string(limit)};
}

}  // namespace

log::state::state(file_system& d, std::string dir, options o)
    : disk(&d), directory(std::move(dir)), settings(o) {
    settings.segment_bytes = std::max(settings.segment_bytes, least_segment_bytes);
    if (settings.max_bytes != 0) {
        settings.max_bytes = std::max(settings.max_bytes, least_segment_bytes);
        settings.segment_bytes = std::min(
            settings.segment_bytes, std::max(settings.max_bytes / 8, least_bounded_segment_bytes));
        settings.buffer_bytes = static_cast<std::size_t>(
            std::min<std::uint64_t>(settings.buffer_bytes, settings.segment_bytes));
    }
}

std::string log::state::path(const segment& s) const {
    return directory + "/" + to_file_name({s.number, s.first, false});
}

std::uint64_t log::state::bytes() const {
    std::uint64_t total = pending.size();
    for (const auto& s : segments) {
        total += s.size;
    }
    return total;
}

// --- Appending -----------------------------------------------------------------------------------

void log::state::append_frames(std::string_view frames, sequence last_of_them) {
    if (pending.empty()) {
        pending_first = front_frame_number(frames);
    }
    pending.append(frames);
    last = last_of_them;
}

result<void> log::state::make_room(std::uint64_t wanted) {
    if (settings.max_bytes == 0) {
        return {};
    }
    while (bytes() > 0 && bytes() + wanted > settings.max_bytes) {
        if (settings.when_full == full_policy::refuse) {
            return error{log_errc::log_full, directory + " holds " + std::to_string(bytes()) +
                                                 " of " + std::to_string(settings.max_bytes) +
                                                 " bytes"};
        }
        if (auto dropped = drop_oldest_segment(); !dropped) {
            return dropped;
        }
    }
    return {};
}

result<void> log::state::drop_oldest_segment() {
    if (segments.empty()) {
        // All that there is waits in memory. Written, it can give way as the others do.
        return sync();
    }
    counted.dropped_oldest += live_records(segments.front());
    const auto next_first = segments.size() > 1 ? segments[1].first
                            : pending.empty()   ? last + 1
                                                : pending_first;
    first_live = std::max(first_live, next_first);
    truncation_pending = true;
    retire_front();
    return {};
}

std::uint64_t log::state::live_records(const segment& s) const {
    return s.last < first_live ? 0
                               : std::min(s.records, s.last - std::max(first_live, s.first) + 1);
}

void log::state::retire_front() {
    dead.push_back(path(segments.front()));
    segments.pop_front();
    if (segments.empty()) {
        active.reset();
    }
}

void log::state::truncate_front(sequence from) {
    from = std::min(from, last + 1);
    if (from <= first_live) {
        return;
    }
    first_live = from;
    truncation_pending = true;
    retire_truncated();
}

void log::state::retire_truncated() {
    while (!segments.empty()) {
        const auto& oldest = segments.front();
        const bool gone = oldest.readable || segments.size() == 1 ? oldest.last < first_live
                                                                  : segments[1].first <= first_live;
        // The one that is written to stays: another would have to take its place.
        if (!gone || (segments.size() == 1 && active)) {
            break;
        }
        retire_front();
    }
}

// --- Saving --------------------------------------------------------------------------------------

result<void> log::state::save_directory() {
    ++counted.syncs;
    auto saved = disk->sync_directory(directory);
    if (saved) {
        directory_unsaved = false;
    }
    return saved;
}

void log::state::remove_dead() {
    if (directory_unsaved || truncation_pending) {
        return;  // what makes them void may not survive yet
    }
    // Without any other file the newest one goes on telling where the numbering is.
    const auto kept = segments.empty() && !dead.empty() ? dead.back() : "";
    std::erase_if(dead, [&](const std::string& gone) {
        return gone != kept && static_cast<bool>(disk->remove(gone));
    });
}

// Gives back the space of truncated segments before the truncation is durable. Were they removed,
// they would be missing after a power cut; a segment with nothing but its header says why.
void log::state::shrink_dead() {
    if (directory_unsaved) {
        return;
    }
    for (const auto& gone : dead) {
        if (auto opened = disk->open(gone, open_mode::append)) {
            (void)(*opened)->truncate(segment_header_bytes);
        }
    }
}

result<void> log::state::sync() {
    if (directory_unsaved) {
        if (auto saved = save_directory(); !saved) {
            return saved;
        }
        durable = last_before_pending();
        remove_dead();
    }
    if (first_live > last && truncation_pending &&
        (segments.empty() || bytes() > empty_log_bytes)) {
        // Nothing is left: one file without records gives all the space back.
        auto emptied = rewrite(last + 1, [](const append_function&) { return result<void>(); });
        if (emptied || emptied.error().code != log_errc::disk_full || directory_unsaved) {
            return emptied;
        }
    }
    while (!pending.empty() || truncation_pending) {
        auto written = write_batch();
        if (!written && written.error().code == log_errc::disk_full && !dead.empty()) {
            // What was truncated is in the way. Without it there may be room, and to have truncated
            // a little earlier than promised is no loss.
            shrink_dead();
            written = write_batch();
        }
        if (!written) {
            return written;
        }
    }
    remove_dead();
    return {};
}

// Appends and saves. When that fails, the bytes are taken away again as far as possible, and a
// file that can't be trusted any more is left alone: the next batch begins another.
result<void> log::state::write_and_save(file& target, bool fresh,
                                        std::span<const std::string_view> parts) {
    counted.bytes_written += total_bytes(parts);
    auto done = target.append(parts);
    bool trusted = !done && done.error().code == log_errc::disk_full;
    if (done) {
        ++counted.syncs;
        done = target.sync();
        // A new file's directory entry has to survive too.
        if (done && fresh) {
            done = save_directory();
        }
    }
    if (!done && !fresh) {
        const bool shortened = static_cast<bool>(target.truncate(segments.back().size));
        if (!trusted || !shortened) {
            active.reset();
        }
    }
    return done;
}

// Writes what fits in one segment of what waits, and makes it durable.
result<void> log::state::write_batch() {
    const bool begins = !active || segments.back().size >= settings.segment_bytes;
    segment fresh;
    std::unique_ptr<file> fresh_file;
    std::string header;
    std::string control;
    if (begins) {
        fresh.number = next_number++;
        fresh.first = pending.empty() ? last + 1 : pending_first;
        fresh.last = fresh.first - 1;
        fresh.salt = random_salt();
        header = encode(
            segment_header{false, fresh.number, fresh.first, durable, first_live, fresh.salt});
        auto made = disk->open(path(fresh), open_mode::create);
        if (!made) {
            return made.error();
        }
        fresh_file = std::move(*made);
    } else if (truncation_pending) {
        append_control_frame(control, first_live);
        finish_frames(control, segments.back().salt, true);
    }
    segment after = begins ? fresh : segments.back();
    after.size += header.size() + control.size();

    std::size_t taken = 0;
    while (taken < pending.size()) {
        const auto rest = std::string_view(pending).substr(taken);
        const auto length = front_frame_bytes(rest);
        if (taken > 0 && after.size + length > settings.segment_bytes) {
            break;
        }
        after.last = front_frame_number(rest);
        ++after.records;
        after.size += length;
        taken += length;
    }
    finish_frames(std::span(pending.data(), taken), after.salt, control.empty());

    const std::array<std::string_view, 3> parts{header, control,
                                                std::string_view(pending).substr(0, taken)};
    auto& target = begins ? *fresh_file : *active;
    if (auto done = write_and_save(target, begins, parts); !done) {
        if (begins) {
            // Should it stay: its records are void, because the next segment's header says so.
            fresh_file.reset();
            (void)disk->remove(path(fresh));
        }
        return done;
    }

    if (begins) {
        active = std::move(fresh_file);
        segments.push_back(after);
    } else {
        segments.back() = after;
    }
    truncation_pending = false;
    pending.erase(0, taken);
    if (!pending.empty()) {
        pending_first = front_frame_number(pending);
    }
    durable = last_before_pending();
    return {};
}

// --- Replacing all -------------------------------------------------------------------------------

result<void> log::state::rewrite(
    sequence first, const std::function<result<void>(const append_function&)>& writer) {
    segment fresh;
    fresh.number = next_number++;
    fresh.first = first;
    fresh.last = first - 1;
    fresh.salt = random_salt();
    const auto temporary = directory + "/" + to_file_name({fresh.number, first, true});
    auto made = disk->open(temporary, open_mode::create);
    if (!made) {
        return made.error();
    }
    auto target = std::move(*made);

    std::string unwritten =
        encode(segment_header{true, fresh.number, first, first - 1, first, fresh.salt});
    std::size_t unfinished = unwritten.size();  // where the frames without checksum begin
    const auto write = [&]() -> result<void> {
        finish_frames(std::span(unwritten).subspan(unfinished), fresh.salt, true);
        const std::array<std::string_view, 1> parts{unwritten};
        counted.bytes_written += unwritten.size();
        auto written = target->append(parts);
        fresh.size += unwritten.size();
        unwritten.clear();
        unfinished = 0;
        return written;
    };
    const append_function append = [&](std::span<const std::string_view> parts) -> result<void> {
        const auto payload = total_bytes(parts);
        if (payload > max_record_bytes) {
            return too_large(payload, max_record_bytes);
        }
        append_frame(unwritten, ++fresh.last, parts);
        ++fresh.records;
        return unwritten.size() >= rewrite_buffer_bytes ? write() : result<void>();
    };
    auto done = writer(append);
    if (done) {
        done = write();
    }
    if (done) {
        ++counted.syncs;
        done = target->sync();
    }
    if (done) {
        done = disk->rename(temporary, path(fresh));
    }
    if (!done) {
        target.reset();
        (void)disk->remove(temporary);
        return done;
    }

    // From here on there is no way back: the new content is what a reader of the directory sees.
    for (const auto& s : segments) {
        dead.push_back(path(s));
    }
    segments.assign(1, fresh);
    active = std::move(target);
    pending.clear();
    first_live = first;
    last = fresh.last;
    truncation_pending = false;
    directory_unsaved = true;
    if (auto saved = save_directory(); !saved) {
        return saved;
    }
    durable = last;
    remove_dead();
    return {};
}

// --- The public face -----------------------------------------------------------------------------

log::log(std::unique_ptr<state> state) : state_(std::move(state)) {}
log::log(log&&) noexcept = default;
log& log::operator=(log&&) noexcept = default;
log::~log() = default;

result<log> log::open(file_system& disk, std::string directory, options options) {
    auto opened = std::make_unique<state>(disk, std::move(directory), options);
    if (auto recovered = opened->recover(); !recovered) {
        return recovered.error();
    }
    return log(std::move(opened));
}

result<sequence> log::append(std::span<const std::string_view> parts) {
    const auto payload = total_bytes(parts);
    const auto& settings = state_->settings;
    const auto framed = frame_bytes(payload);
    if (payload > max_record_bytes) {
        return too_large(payload, max_record_bytes);
    }
    if (settings.max_bytes != 0 && framed + segment_header_bytes > settings.max_bytes) {
        return too_large(payload, settings.max_bytes);
    }
    if (!state_->pending.empty() && state_->pending.size() + framed > settings.buffer_bytes) {
        if (auto saved = state_->sync(); !saved) {
            return saved.error();
        }
    }
    if (auto room = state_->make_room(framed + segment_header_bytes); !room) {
        return room.error();
    }
    if (state_->pending.empty()) {
        state_->pending_first = state_->last + 1;
    }
    append_frame(state_->pending, ++state_->last, parts);
    return state_->last;
}

result<sequence> log::append(std::string_view payload) {
    return append(std::span<const std::string_view>(&payload, 1));
}

void log::append_frames(std::string_view frames, sequence last_of_them) {
    const auto& settings = state_->settings;
    if (settings.max_bytes == 0 || settings.when_full == full_policy::refuse) {
        state_->append_frames(frames, last_of_them);
        return;
    }
    while (!frames.empty()) {
        const auto length = front_frame_bytes(frames);
        if (state_->pending.size() + length > settings.buffer_bytes) {
            (void)state_->sync();
        }
        // When no room can be made, the disk can't be written: the next sync() says so to whom it
        // concerns. The record waits in memory as all do then.
        (void)state_->make_room(length + segment_header_bytes);
        state_->append_frames(frames.substr(0, length), front_frame_number(frames));
        frames.remove_prefix(length);
    }
}

result<void> log::sync() {
    return state_->sync();
}

void log::truncate_front(sequence from) {
    state_->truncate_front(from);
}

result<void> log::rewrite(const std::function<result<void>(const append_function&)>& writer) {
    return state_->rewrite(state_->last + 1, writer);
}

result<void> log::rewrite_from(sequence first,
                               const std::function<result<void>(const append_function&)>& writer) {
    return state_->rewrite(first, writer);
}

result<void> log::for_each(sequence from,
                           const std::function<void(sequence, std::string_view)>& each) const {
    position at{from, 0, 0};
    return state_->read(at, 256 * 1024, [&](sequence number, std::string_view payload) {
        each(number, payload);
        return true;
    });
}

result<std::vector<record>> log::read(position& at, std::size_t max_bytes) const {
    std::vector<record> found;
    std::size_t bytes = 0;
    const auto window = std::clamp<std::size_t>(max_bytes, 4 * 1024, 256 * 1024);
    auto done = state_->read(at, window, [&](sequence number, std::string_view payload) {
        bytes += payload.size();
        if (!found.empty() && bytes > max_bytes) {
            return false;
        }
        found.push_back({number, std::string(payload)});
        return true;
    });
    if (!done) {
        return done.error();
    }
    return found;
}

sequence log::first() const {
    return state_->first_live;
}
sequence log::last() const {
    return state_->last;
}
sequence log::durable() const {
    return state_->durable;
}
std::uint64_t log::bytes() const {
    return state_->bytes();
}
const counters& log::count() const {
    return state_->counted;
}
const recovery_report& log::recovery() const {
    return state_->report;
}

}  // namespace evergrass::log_store
