// A log whose segment files hold any bytes, as a failing disk or a hostile hand leaves them. It
// opens, reads and goes on; what it delivers has ascending numbers and is delivered again when it
// is opened once more; what is appended then is there.
//
// The input is one or two segments, told apart by its first two bytes (the length of the first).
// So that mutations get past the checksums, the third byte may ask to put them right.

#include "libs/base/errors.hpp"
#include "libs/log_store/crc32c.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::log_store {
namespace {

using records = std::vector<std::pair<sequence, std::string>>;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

void put_number(std::string& bytes, std::size_t at, std::uint32_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

void correct_checksums(std::string& segment) {
    if (segment.size() < segment_header_bytes) {
        return;
    }
    put_number(segment, 60, crc32c(std::string_view(segment).substr(0, 60)));
    const auto salt = number_at(segment, 48);
    for (auto at = segment_header_bytes; at + frame_header_bytes <= segment.size();) {
        const std::size_t payload = number_at(segment, at) & 0xfff;
        const auto flags = number_at(segment, at) & 0xc000'0000;
        put_number(segment, at, flags | static_cast<std::uint32_t>(payload));
        const auto view = std::string_view(segment).substr(at);
        if (view.size() < frame_bytes(payload)) {
            return;
        }
        const auto length = crc32c(view.substr(0, 4), salt);
        put_number(segment, at + 4,
                   crc32c(view.substr(8, frame_header_bytes - 8 + payload), length));
        at += frame_bytes(payload);
    }
}

// A segment's file name has to tell what its header tells, or the header is void.
std::string name_of(const std::string& segment, std::size_t nth) {
    const auto header = decode_segment_header(segment);
    std::string name = "/log/";
    for (const auto number : {header ? header->number : nth, header ? header->first : nth}) {
        for (int shift = 60; shift >= 0; shift -= 4) {
            name += "0123456789abcdef"[(number >> shift) & 15];
        }
        name += '-';
    }
    name.back() = '.';
    return name + "segment";
}

records all_of(const log& from) {
    records found;
    const auto read = from.for_each(0, [&](sequence number, std::string_view payload) {
        if (!found.empty() && number <= found.back().first) {
            std::abort();
        }
        found.emplace_back(number, payload);
    });
    if (!read) {
        std::abort();
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) {
        return 0;
    }
    const std::string input(reinterpret_cast<const char*>(data) + 3, size - 3);
    const std::size_t first = std::min<std::size_t>(data[0] | data[1] << 8, input.size());
    testing::crashing_file_system disk;
    std::size_t nth = 1;
    for (auto segment : {input.substr(0, first), input.substr(first)}) {
        if ((data[2] & 1) != 0) {
            correct_checksums(segment);
        }
        const auto name = name_of(segment, nth++);
        disk.replace(name, segment);
    }

    records found;
    {
        const auto opened = log::open(disk, "/log");
        if (!opened) {
            // A later version, the one reason.
            if (opened.error().code != errc::unsupported) {
                std::abort();
            }
            return 0;
        }
        found = all_of(*opened);
        if (opened->first() > opened->last() + 1) {
            std::abort();
        }
    }
    auto again = log::open(disk, "/log").value();
    if (all_of(again) != found) {
        std::abort();
    }
    if (again.last() >= greatest_sequence) {
        return 0;  // no disk ever holds so many, and there the numbers end
    }
    const auto added = again.append("appended");
    if (!added || *added != again.last() || (!found.empty() && *added <= found.back().first) ||
        !again.sync()) {
        std::abort();
    }
    found.emplace_back(*added, "appended");
    disk.restart();
    if (all_of(log::open(disk, "/log").value()) != found) {
        std::abort();
    }
    return 0;
}

}  // namespace evergrass::log_store
