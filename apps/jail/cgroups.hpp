#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace evergrass::edge::isolation {
struct jail_order;
}

namespace evergrass::jail {

// The control groups of one jail, of whichever kinds the host has: a hierarchy a controller
// (version 1), or one for all (version 2). Each is a directory beside those of the core's own
// group, named by the core.
class cgroups {
public:
    // Makes the directories. What can't be had is missing afterwards: lacks() says what.
    static cgroups make(std::string_view name);

    // Moves a process in. On version 1 this takes several milliseconds, whatever the host does:
    // the kernel waits until no processor uses the old tables.
    bool add(pid_t pid) const;

    // False, with errno, when the kernel refused a limit that was asked for.
    bool limit(const edge::isolation::jail_order& order) const;

    bool has_memory() const { return !memory_.empty(); }
    bool has_pids() const { return !pids_.empty(); }
    bool has_devices() const { return !devices_.empty(); }

    // Processes of it that the kernel killed for want of memory.
    std::uint64_t oom_kills() const;

    // REQUIRES: no process is left in them.
    void remove() const;

private:
    bool limit_memory(std::uint64_t bytes) const;
    bool limit_devices(const edge::isolation::jail_order& order) const;

    bool second_version_ = false;  // of the group that limits memory
    bool second_version_devices_ = false;
    // Directories, empty where the host has no such controller.
    std::string memory_;
    std::string pids_;
    std::string devices_;
    std::vector<std::string> all_;
};

}  // namespace evergrass::jail
