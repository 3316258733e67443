#include "libs/log_store/log_state.hpp"

#include <algorithm>

namespace evergrass::log_store {

// False when `each` wants no more.
result<bool> log::state::read_segment(
    const segment& s, position& at, std::size_t window_bytes,
    const std::function<bool(sequence, std::string_view)>& each) const {
    auto opened = disk->open(path(s), open_mode::read);
    if (!opened) {
        return opened.error();
    }
    auto& source = **opened;
    const bool hinted =
        at.segment == s.id() && at.offset > segment_header_bytes && at.offset < s.size;
    segment_scanner scanner(source, hinted ? at.offset : segment_header_bytes, s.size, s.salt,
                            hinted ? at.next - 1 : s.first - 1, window_bytes);
    auto found = scanner.next();
    if (hinted && (!found || !*found || scanner.passed() ||
                   (!(*found)->control && (*found)->number != at.next))) {
        // Not the place that it was: look from the segment's beginning.
        scanner = segment_scanner(source, segment_header_bytes, s.size, s.salt, s.first - 1,
                                  window_bytes);
        found = scanner.next();
    }
    for (;; found = scanner.next()) {
        if (!found) {
            return found.error();
        }
        if (scanner.passed()) {
            ++counted.damaged_on_read;
        }
        if (!*found) {
            return true;
        }
        const auto& f = **found;
        if (f.control || f.number < at.next) {
            continue;
        }
        if (!each(f.number, f.payload)) {
            at = {f.number, s.id(), f.offset};
            return false;
        }
        at = {f.number + 1, s.id(), f.end};
    }
}

result<void> log::state::read(position& at, std::size_t window_bytes,
                              const std::function<bool(sequence, std::string_view)>& each) const {
    at.next = std::max(at.next, first_live);
    for (const auto& s : segments) {
        if (!s.readable || s.last < at.next) {
            continue;
        }
        const auto more = read_segment(s, at, window_bytes, each);
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return {};
        }
    }
    for (std::string_view rest = pending; !rest.empty();) {
        const auto number = front_frame_number(rest);
        const auto length = front_frame_bytes(rest);
        if (number >= at.next) {
            if (!each(number, front_frame_payload(rest))) {
                return {};
            }
            at.next = number + 1;
        }
        rest.remove_prefix(length);
    }
    return {};
}

}  // namespace evergrass::log_store
