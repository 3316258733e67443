#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace evergrass {

// The whole content. More than `max_bytes` is errc::too_large, so that a wrong path cannot fill the
// memory.
result<std::string> read_file(const std::filesystem::path& path,
                              std::size_t max_bytes = 64 * 1024 * 1024);

// Replaces `path` in one step: the content goes to a new file beside it, is fsynced, renamed over
// `path`, and the directory is fsynced. After a power cut the old or the new content is there
// whole, never a mixture. The file has `mode` from its first byte on.
result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode = 0644);

// Makes the directory and its missing parents with `mode`; what exists is left as it is.
result<void> make_directories(const std::filesystem::path& path, mode_t mode = 0755);

// fsync of a directory: makes renames and removals in it survive a power cut.
result<void> sync_directory(const std::filesystem::path& path);

}  // namespace evergrass
