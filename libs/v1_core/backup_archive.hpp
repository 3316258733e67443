#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

// A copy of a core's tree as people make it: `tar czf backup.tar.gz /greengrass`, also plain tar,
// or zip.
namespace evergrass::v1 {

struct archive_limits {
    std::uint64_t unpacked_bytes = 4ull * 1024 * 1024 * 1024;
    std::size_t entries = 500'000;
    std::size_t depth = 40;
};

enum class archive_member { file, folder, link };

struct archive_visit {
    archive_member what = archive_member::file;
    std::string name;    // relative, without "." and ".." parts
    std::string target;  // of a link
    unsigned mode = 0644;
};

// Gets each member in the archive's order. `read` gives the content of a file in pieces, an empty
// one at its end; not to be kept beyond the call.
using archive_sink = std::function<result<void>(
    const archive_visit& member, const std::function<result<std::string_view>()>& read)>;

// Devices, sockets and hard links are passed over, and so are names that leave the tree: a leading
// slash is taken off. A damaged archive, or one that is over a limit, is an error that says where.
result<void> read_archive(const std::filesystem::path& file, const archive_sink& sink,
                          const archive_limits& limits = {});
result<void> read_archive_bytes(std::string_view bytes, const archive_sink& sink,
                                const archive_limits& limits = {});

// Unpacks into an empty folder, which only we can read. Nothing is written through a link.
result<void> unpack_archive(const std::filesystem::path& file, const std::filesystem::path& into,
                            const archive_limits& limits = {});

}  // namespace evergrass::v1
