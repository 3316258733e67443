#pragma once

#include "libs/base/result.hpp"
#include "libs/v1_core/findings.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

// The code that a core keeps unpacked, as a package again (spec/on-disk.md §6).
namespace evergrass::v1 {

struct package_limits {
    std::uint64_t unpacked_bytes = 250ull * 1024 * 1024;  // Lambda's own
    std::size_t entries = 100'000;
    std::size_t depth = 32;
};

// A zip of the folder: files and links that stay inside, execute bits kept, in the order of their
// names and without times, so that the same folder gives the same bytes. What is no file, folder or
// link, and a link that leaves the folder, is errc::denied; over a limit errc::too_large.
// Python's __pycache__ folders are left out: the interpreter makes them again.
enum class package_form { zip, tar_gz };
result<std::string> pack_folder(const std::filesystem::path& folder,
                                const package_limits& limits = {},
                                package_form form = package_form::zip);

}  // namespace evergrass::v1
