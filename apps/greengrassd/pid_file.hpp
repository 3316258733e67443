#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <sys/types.h>

namespace evergrass::greengrassd {

// `<pidFileDirectory>/greengrassd.pid`: the number of the running daemon, which init scripts read
// (spec/core.md §2, §4). It is there while the daemon starts, too. Written by rename; a left-over
// one of a killed daemon is recognised because no process of that number is a greengrassd.
std::filesystem::path pid_file_path(const std::filesystem::path& directory);

result<void> write_pid_file(const std::filesystem::path& directory, pid_t pid);

// The daemon that runs for this directory, or nullopt. `proc` is a seam.
std::optional<pid_t> running_daemon(const std::filesystem::path& directory,
                                    const std::filesystem::path& proc = "/proc");

// Removes the file when it still names `pid`.
void remove_pid_file(const std::filesystem::path& directory, pid_t pid);

}  // namespace evergrass::greengrassd
