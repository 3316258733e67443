#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/log_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

namespace evergrass::log_store {
namespace {

constexpr std::string_view segment_suffix = ".segment";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::size_t number_digits = 16;
constexpr std::uint64_t sector_bytes = 512;
constexpr auto no_limit = std::numeric_limits<sequence>::max();

using damage = recovery_report::damage;

std::string hexadecimal(std::uint64_t number) {
    std::string digits(number_digits, '0');
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, number >>= 4) {
        *digit = "0123456789abcdef"[number & 15];
    }
    return digits;
}

std::string records_are(sequence from, sequence to, std::string_view what) {
    return (from == to
                ? "record " + std::to_string(from) + " is "
                : "records " + std::to_string(from) + " to " + std::to_string(to) + " are ") +
           std::string(what);
}

// A segment file before its frames are looked at.
struct candidate {
    std::string name;
    std::uint64_t number = 0;
    sequence first = 0;
    std::uint64_t size = 0;
    std::unique_ptr<file> source;
    std::optional<segment_header> header;  // none: damaged
    bool unborn = false;                   // nothing in it ever was durable
};

result<candidate> look_at(file_system& disk, const std::string& directory,
                          const segment_name& name) {
    candidate found;
    found.name = to_file_name(name);
    found.number = name.number;
    found.first = name.first;
    const auto path = directory + "/" + found.name;
    auto opened = disk.open(path, open_mode::read);
    if (!opened) {
        return opened.error();
    }
    found.source = std::move(*opened);
    const auto size = found.source->size();
    if (!size) {
        return size.error();
    }
    found.size = *size;
    std::array<char, segment_header_bytes> bytes{};
    const auto got = found.source->read_at(0, bytes);
    if (!got) {
        return found;  // a bad place on the disk; the rest of the log goes on
    }
    const auto header = decode_segment_header({bytes.data(), *got});
    if (!header && header.error().code == errc::unsupported) {
        return with_context(header.error(), "cannot read " + path);
    }
    if (header && header->number == name.number && header->first == name.first) {
        found.header = *header;
    }
    // A power cut in a file's first write leaves it with zeros or within its first sector.
    found.unborn =
        !found.header && (found.size <= sector_bytes ||
                          std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; }));
    return found;
}

// What scanning one segment tells.
struct scanned {
    segment found;
    std::vector<damage> damaged;
    std::uint64_t bytes_cut = 0;
    sequence first_live = 0;
};

// Records above `limit` are void: they were written again in the next segment. `newest`: no other
// segment comes after, so its end may be that of an unfinished write.
scanned scan(const candidate& c, sequence limit, bool newest) {
    const auto& header = *c.header;
    scanned all;
    all.found = {c.number,    header.first, header.first - 1, 0, segment_header_bytes,
                 header.salt, true};
    all.first_live = header.first_live;
    // Where the log ends if the damage passed there turns out to be an unfinished write.
    std::optional<scanned> before_torn;
    bool zeroed = false;
    segment_scanner scanner(*c.source, segment_header_bytes, std::max(c.size, all.found.size),
                            header.salt, header.first - 1, 256 * 1024);
    for (;;) {
        const auto next = scanner.next();
        if (!next) {
            all.damaged.push_back({c.name, next.error().message(), scanner.offset(), 0});
            return all;
        }
        const auto& passed = scanner.passed();
        if (!*next || (!(*next)->control && (*next)->number > limit)) {
            if (passed && newest) {
                if (!before_torn) {
                    before_torn = all;
                }
                zeroed = true;
            } else if (!newest && limit != no_limit && all.found.last < limit &&
                       c.size > segment_header_bytes) {
                const bool here = passed.has_value();
                all.damaged.push_back({here ? c.name : "",
                                       records_are(all.found.last + 1, limit, "missing"),
                                       here ? passed->offset : 0, here ? passed->bytes : 0});
            } else if (!newest && limit == no_limit && passed) {
                all.damaged.push_back(
                    {c.name, "its end is damaged", passed->offset, passed->bytes});
            }
            break;
        }
        const auto& f = **next;
        if (passed) {
            if (newest && !before_torn) {
                before_torn = all;
            }
            zeroed = zeroed || passed->zeroed_block;
            const bool known = !f.control && f.number > all.found.last + 1;
            all.damaged.push_back({c.name,
                                   known ? records_are(all.found.last + 1, f.number - 1, "damaged")
                                         : "bytes without a record are damaged",
                                   passed->offset, passed->bytes});
        }
        if (f.begins_batch) {
            // All before was durable once, so the damage came later and is passed over.
            before_torn.reset();
            zeroed = false;
        }
        all.found.size = f.end;
        if (f.control) {
            all.first_live = std::max(all.first_live, f.number);
        } else {
            ++all.found.records;
            all.found.last = f.number;
        }
    }
    if (before_torn && zeroed) {
        all = std::move(*before_torn);
        all.bytes_cut = c.size - all.found.size;
    }
    return all;
}

}  // namespace

std::string to_file_name(const segment_name& name) {
    std::string text = hexadecimal(name.number) + "-" + hexadecimal(name.first);
    text += segment_suffix;
    return name.unfinished ? text.append(unfinished_suffix) : text;
}

std::optional<segment_name> parse_segment_name(std::string_view file_name) {
    if (file_name.size() < 2 * number_digits + 1) {
        return std::nullopt;
    }
    segment_name name;
    const auto* text = file_name.data();
    (void)std::from_chars(text, text + number_digits, name.number, 16);
    (void)std::from_chars(text + number_digits + 1, text + 2 * number_digits + 1, name.first, 16);
    name.unfinished = file_name.ends_with(unfinished_suffix);
    if (file_name != to_file_name(name) || name.number > greatest_sequence || name.first == 0 ||
        name.first > greatest_sequence) {
        return std::nullopt;
    }
    return name;
}

result<void> log::state::recover() {
    if (auto made = disk->make_directory(directory); !made) {
        return made;
    }
    auto names = disk->list(directory);
    if (!names) {
        return names.error();
    }
    std::sort(names->begin(), names->end());
    std::vector<candidate> candidates;
    for (const auto& file_name : *names) {
        const auto name = parse_segment_name(file_name);
        if (!name) {
            continue;
        }
        next_number = std::max(next_number, name->number + 1);
        if (name->unfinished) {
            (void)disk->remove(directory + "/" + file_name);
            continue;
        }
        auto found = look_at(*disk, directory, *name);
        if (!found) {
            return found.error();
        }
        candidates.push_back(std::move(*found));
    }
    if (candidates.empty()) {
        return {};
    }

    // What is in effect may have been left so by a killed process, and not survive a power cut yet.
    auto saved = save_directory();
    if (!saved && saved.error().code != log_errc::read_only) {
        return saved;
    }

    // A rewrite makes everything before it void.
    const auto replacement = std::find_if(
        candidates.rbegin(), candidates.rend(),
        [](const candidate& c) { return c.header.has_value() && c.header->replaces_earlier; });
    const auto void_before = replacement == candidates.rend() ? 0 : replacement->number;
    std::erase_if(candidates, [&](const candidate& c) {
        const bool is_void = c.number < void_before;
        if (is_void || c.unborn) {
            dead.push_back(directory + "/" + c.name);
            report.bytes_cut += is_void ? 0 : c.size;
            last = std::max(last, c.first - 1);
            return true;
        }
        return false;
    });

    struct told {
        std::vector<damage> damaged;
        sequence first_live = 0;
    };
    std::deque<told> by_segment;  // as `segments`
    for (auto c = candidates.begin(); c != candidates.end(); ++c) {
        const auto later = std::find_if(c + 1, candidates.end(), [](const candidate& other) {
            return other.header.has_value();
        });
        const auto limit = later == candidates.end() ? no_limit : later->header->previous_last;
        if (!c->header) {
            // The numbers of the records that were in it are not used again.
            segment lost;
            lost.number = c->number;
            lost.first = c->first;
            lost.last = std::min(c->first - 1 + c->size / frame_header_bytes, limit);
            last = std::max(last, lost.last);
            lost.size = c->size;
            lost.readable = false;
            segments.push_back(lost);
            by_segment.push_back(
                {{{c->name, "its header is damaged, so none of it is readable", 0, c->size}}, 0});
            continue;
        }
        if (c->size == segment_header_bytes && later == c + 1 && later != candidates.end() &&
            c->first <= limit) {
            // It had records. Shortened so when it was truncated on a full disk: see
            // log::state::shrink_dead.
            first_live = std::max(first_live, limit + 1);
            truncation_pending = true;
        }
        auto all = scan(*c, limit, c + 1 == candidates.end());
        first_live = std::max(first_live, all.first_live);
        last = std::max(last, all.found.last);
        report.bytes_cut += all.bytes_cut;
        segments.push_back(all.found);
        by_segment.push_back({std::move(all.damaged), all.first_live});
    }
    last = std::max(last, first_live - 1);
    durable = last;
    if (!candidates.empty() && candidates.front().header) {
        const auto& front = *candidates.front().header;
        if (front.previous_last >= first_live) {
            report.damaged.push_back(
                {"", records_are(first_live, front.previous_last, "missing"), 0, 0});
            first_live = front.first;
            truncation_pending = true;
        }
    }

    if (auto ready = reopen_newest(); !ready) {
        return ready;
    }
    const auto before = segments.size();
    retire_truncated();
    by_segment.erase(by_segment.begin(),
                     by_segment.begin() + static_cast<std::ptrdiff_t>(before - segments.size()));
    // Where none of those that stay tells of the truncation, the others go after it is told again.
    bool kept_truncation = false;
    for (auto& s : by_segment) {
        kept_truncation = kept_truncation || s.first_live == first_live;
        std::move(s.damaged.begin(), s.damaged.end(), std::back_inserter(report.damaged));
    }
    truncation_pending = truncation_pending || (!kept_truncation && !dead.empty());
    for (const auto& s : segments) {
        report.segments += 1;
        report.records += s.readable ? live_records(s) : 0;
    }
    remove_dead();
    return {};
}

// The newest segment is appended to again. A killed process may have left records in it that are
// in no danger but from a power cut, so it is saved before they count as durable.
result<void> log::state::reopen_newest() {
    if (segments.empty() || !segments.back().readable) {
        return {};
    }
    const auto& newest = segments.back();
    auto opened = disk->open(path(newest), open_mode::append);
    if (!opened) {
        // Whatever the reason, what is there can be read; the next write says why it can't go on.
        return {};
    }
    const auto size = (*opened)->size();
    if (!size) {
        return size.error();
    }
    if (*size > newest.size) {
        if (auto cut = (*opened)->truncate(newest.size); !cut) {
            return cut.error().code == log_errc::read_only ? result<void>() : cut;
        }
    }
    ++counted.syncs;
    if (auto saved = (*opened)->sync(); !saved) {
        return saved.error().code == log_errc::read_only ? result<void>() : saved;
    }
    if (newest.size < settings.segment_bytes) {
        active = std::move(*opened);
    }
    return {};
}

}  // namespace evergrass::log_store
