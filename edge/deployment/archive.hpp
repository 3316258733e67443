#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <filesystem>

namespace evergrass::edge {

struct archive_limits {
    std::uint64_t max_unpacked_bytes = 250ULL * 1024 * 1024;  // Lambda's own limit for a package
    std::uint64_t max_entries = 100'000;
};

// Unpacks a function's zip into `destination`, which must not exist. Everything goes to a new
// directory beside it first, is fsynced and renamed: after a power cut `destination` is whole or
// missing.
//
// Taken are directories, regular files (with their execute bits) and symbolic links that stay
// inside. Refused, with the entry's name: absolute names, "..", links that leave, devices,
// set-user-id bits are dropped, more than the limits. Nothing is left behind by a failure.
result<void> unpack_zip(const std::filesystem::path& zip, const std::filesystem::path& destination,
                        const archive_limits& limits = {});

// Would a link at `entry` (relative to the package's root) to `target` stay inside the package?
bool link_stays_inside(const std::filesystem::path& entry, const std::filesystem::path& target);

}  // namespace evergrass::edge
