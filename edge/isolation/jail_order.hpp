#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

// What the core asks evergrass-jail for: one process and all that it may see. Pure.
namespace evergrass::edge::isolation {

// A directory or file of the host that stands in the jail too.
struct jail_mount {
    std::string source;       // absolute, on the host; links are followed
    std::string destination;  // absolute, in the jail; made when it is missing
    bool writable = false;

    bool operator==(const jail_mount&) const = default;
};

struct jail_device {
    std::string path;  // of a character or block device, the same on the host and in the jail
    bool writable = false;

    bool operator==(const jail_device&) const = default;
};

struct jail_order {
    std::string program;                   // absolute, in the jail
    std::vector<std::string> arguments;    // from argv[0] on
    std::vector<std::string> environment;  // "NAME=value", nothing else is passed on
    std::string directory;                 // absolute, in the jail

    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // besides gid

    // On the host, made and removed by the jail: what /tmp and /var/tmp hold, and where the jail's
    // root is put together.
    std::string work_directory;
    std::vector<jail_mount> mounts;
    std::vector<jail_device> devices;
    std::vector<std::string> hidden;  // paths of the host that don't show in the jail
    bool sysfs = false;               // the host's /sys, to be read

    std::uint64_t memory_bytes = 0;  // of all that runs in the jail together; 0: no limit
    std::uint32_t processes = 1024;  // and threads

    // The program waits for what it is to be. A second order follows, with the same work directory,
    // identity and hidden paths: what it mounts besides is mounted, its limits are set, and its
    // program, directory, number of arguments, arguments and environment come on the waiting
    // program's standard input, each ended by a NUL. Until then nothing of a function is in the
    // jail.
    bool waits = false;

    bool operator==(const jail_order&) const = default;
};

// Both sides are of one build: a form of its own, "EGJ2" first, every text with its length.
std::string encode(const jail_order& order);

// What is written to a jail's control socket: encode() behind its length.
std::string message_to_jail(const jail_order& order);

// The error says what is wrong with the bytes: they end early, go on after the end, or hold a NUL
// in a text or a path that is not absolute.
result<jail_order> decode_jail_order(std::string_view bytes);

// The longest that the jail reads; environments are bounded by the kernel at 2 MiB.
constexpr std::size_t longest_jail_order = 8 * 1024 * 1024;

}  // namespace evergrass::edge::isolation
