#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::zip {

struct archive_limits {
    std::uint64_t max_unpacked_bytes = 250ULL * 1024 * 1024;  // Lambda's own limit for a package
    std::uint64_t max_entries = 100'000;  // with the directories that names imply
};

enum class zip_kind { file, directory, link, other };

struct zip_entry {
    std::string name;  // as written: any bytes, at most 65,535 of them
    zip_kind kind = zip_kind::file;
    bool encrypted = false;
    std::uint64_t size = 0;  // unpacked, as declared: a bomb lies here
};

// The central directory at the end of a zip file (APPNOTE.TXT 6.3, 4.3.12 to 4.3.16), with zip64
// and with foreign bytes before and behind it. The error says what is missing: a file of 0 bytes,
// something else than a zip, one that was cut off. Reads nothing of the entries' contents.
result<std::vector<zip_entry>> read_zip_directory(const std::filesystem::path& zip);
// The same of a zip that is in memory.
result<std::vector<zip_entry>> read_zip_directory_of(std::string_view bytes);

// What a package may unpack to: by name without "./", "//" and a "/" at the end.
using package_tree = std::map<std::string, zip_kind, std::less<>>;

// The rules that need no content (docs/formats/function-package.md). An error names the entry, why
// it is refused and what to do. Pure.
result<package_tree> check_entries(const std::vector<zip_entry>& entries,
                                   const archive_limits& limits);

// Would a link at `entry` (relative to the package's root, its parents no links) to `target` stay
// inside the package, also when the target's parts are links that do? So ".." is taken at the
// target's beginning only.
bool link_stays_inside(const std::filesystem::path& entry, const std::filesystem::path& target);

// "a/b" for "./a//b/"; empty for the package's own directory.
std::string plain_name(std::string_view name);

// For messages: quoted, at most 100 bytes of it, what is not printable as \xNN.
std::string quoted_name(std::string_view name);

}  // namespace evergrass::zip
