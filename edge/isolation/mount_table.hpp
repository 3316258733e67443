#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge::isolation {

struct mount_entry {
    std::string root;     // the part of the file system that is mounted
    std::string point;    // where
    std::string type;     // "ext4", "cgroup2" …
    std::string options;  // of the file system
};

// The lines of /proc/self/mountinfo (proc(5)), in the order of mounting; those that it cannot be
// made out of are left out. Pure.
std::vector<mount_entry> read_mount_table(std::string_view mountinfo);

// The parts of `text` between the separators, without empty ones.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace evergrass::edge::isolation
