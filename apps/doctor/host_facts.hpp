#pragma once

#include "edge/isolation/cgroup_places.hpp"
#include "edge/isolation/host_isolation.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace evergrass::doctor {

// Of this machine, whatever core is to run on it.
struct host_facts {
    std::string kernel_release;  // "5.10.103-v7l+"
    std::string machine;         // "aarch64"
    bool is_root = false;
    std::uint64_t memory_bytes = 0;  // 0: not known

    std::set<std::string> namespaces;  // "ipc", "mnt", "pid", "user", "uts" of those there are
    bool has_seccomp = false;
    bool has_overlayfs = false;  // loaded, or a module that can be
    edge::isolation::cgroup_places cgroups;
    edge::isolation::host_isolation isolation;  // what going into a jail showed

    std::optional<bool> protects_hardlinks;  // nullopt: the kernel does not say
    std::optional<bool> protects_symlinks;
    bool starts_insecure = false;    // greengrassd -i: told, not looked at
    bool has_default_user = false;   // ggc_user
    bool has_default_group = false;  // ggc_group

    std::vector<std::string> interpreters;     // absolute paths
    std::vector<std::string> missing_devices;  // of /dev/stdin, /dev/stdout, /dev/stderr

    wall_time now;
    bool clock_is_synchronised = false;  // the kernel's own word (adjtimex(2))
    std::uint64_t most_open_files = 0;   // the hard limit of this process
};

// `jail_program`: evergrass-jail. `work_directory` must be there; the jail makes and removes a
// folder of its own in it. Blocks for some 50 ms; starts processes, so not beside a thread that
// waits for children.
host_facts look_at_host(const std::filesystem::path& jail_program,
                        const std::filesystem::path& work_directory);

}  // namespace evergrass::doctor
