#include "apps/doctor/checks.hpp"
#include "apps/doctor/host_facts.hpp"

#include <algorithm>
#include <charconv>

namespace evergrass::doctor {
namespace {

struct kernel_version {
    int major = 0;
    int minor = 0;
    auto operator<=>(const kernel_version&) const = default;
};

// "5.10.103-v7l+" -> 5.10; 0.0 when it is none.
kernel_version parse_kernel(const std::string& release) {
    kernel_version v;
    const auto* end = release.data() + release.size();
    const auto [dot, bad] = std::from_chars(release.data(), end, v.major);
    if (bad != std::errc{} || dot == end || *dot != '.') {
        return {};
    }
    std::from_chars(dot + 1, end, v.minor);
    return v;
}

std::string in_megabytes(std::uint64_t bytes) {
    return std::to_string(bytes / 1024 / 1024) + " MiB";
}

bool lacks(const host_facts& host, std::string_view control) {
    const auto& all = host.isolation.lacks;
    return std::find(all.begin(), all.end(), control) != all.end();
}

// spec/core.md §1.
judgement kernel(const host_facts& host) {
    constexpr kernel_version least_for_containers{4, 4};
    constexpr kernel_version least{3, 17};
    const auto found = "Linux " + host.kernel_release;
    const auto version = parse_kernel(host.kernel_release);
    if (version < least) {
        return failed(found, "install a kernel of 3.17 or newer; for containers 4.4 or newer");
    }
    if (version < least_for_containers) {
        return failed(found,
                      "install a kernel of 4.4 or newer, or give the group NoContainer as its "
                      "default isolation",
                      ability::reduced);
    }
    return ok(found);
}

judgement architecture(const host_facts& host) {
    for (const auto* known : {"x86_64", "aarch64", "armv7l", "armv6l"}) {
        if (host.machine == known) {
            return ok(host.machine);
        }
    }
    return warning(host.machine + " is none of x86_64, aarch64, armv7l and armv6l",
                   "build Evergrass for this machine and run its tests before you rely on it");
}

judgement privileges(const host_facts& host) {
    return host.is_root
               ? ok("root")
               : warning(
                     "this is not root: a core of this user is rootless, its containers have "
                     "no limits and all its functions are this user",
                     "run it, and this check, as root for containers with limits",
                     ability::reduced);
}

// V1's requirement (spec/core.md §1).
judgement memory(const host_facts& host) {
    constexpr std::uint64_t least = 128ULL * 1024 * 1024;
    if (host.memory_bytes == 0) {
        return skipped("/proc/meminfo does not say");
    }
    // What the kernel keeps for itself is not in the number.
    return host.memory_bytes >= least * 3 / 4
               ? ok(in_megabytes(host.memory_bytes))
               : warning(in_megabytes(host.memory_bytes) + ", V1 asked for 128 MiB",
                         "run few functions, or give the machine more");
}

judgement namespaces(const host_facts& host) {
    std::string missing;
    for (const auto* wanted : {"ipc", "mnt", "pid", "uts"}) {
        if (!host.namespaces.contains(wanted)) {
            missing += (missing.empty() ? "" : ", ") + std::string(wanted);
        }
    }
    if (!missing.empty()) {
        return failed("the kernel has no namespaces of these kinds: " + missing,
                      "use a kernel with CONFIG_IPC_NS, CONFIG_UTS_NS and CONFIG_PID_NS, or "
                      "NoContainer",
                      ability::reduced);
    }
    if (!host.namespaces.contains("user")) {
        return warning("no user namespaces: root in a container is the host's root, without rights",
                       "use a kernel with CONFIG_USER_NS");
    }
    return ok("ipc, mnt, pid, user, uts");
}

judgement seccomp(const host_facts& host) {
    return host.has_seccomp ? ok("filters")
                            : failed("the kernel has no seccomp filters",
                                     "use a kernel with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER, "
                                     "or NoContainer",
                                     ability::reduced);
}

judgement overlayfs(const host_facts& host) {
    return host.has_overlayfs ? ok("there")
                              : failed("the kernel has no overlayfs",
                                       "run 'modprobe overlay', use a kernel with "
                                       "CONFIG_OVERLAY_FS, or NoContainer",
                                       ability::reduced);
}

judgement isolation(const host_facts& host) {
    if (!host.isolation.available) {
        return failed("no container can be made: " + host.isolation.reason,
                      "mend what is said, or give the group NoContainer as its default isolation; "
                      "within a container of Docker or Kubernetes only NoContainer works",
                      ability::reduced);
    }
    return lacks(host, "user") ? warning("a container was made, without a user namespace",
                                         "allow them (sysctl user.max_user_namespaces, or "
                                         "kernel.unprivileged_userns_clone)")
                               : ok("a container was made and left again");
}

std::string version_of(const edge::isolation::cgroup_place& place) {
    return place.second_version ? "control groups, version 2" : "control groups, version 1";
}

// The jail's own experience counts; without one, what is mounted.
bool has_control(const host_facts& host, std::string_view control,
                 const edge::isolation::cgroup_place& place) {
    return host.isolation.available ? !lacks(host, control) : !place.directory.empty();
}

judgement memory_limits(const host_facts& host) {
    if (has_control(host, "memory", host.cgroups.memory)) {
        return ok(version_of(host.cgroups.memory));
    }
    return failed("the memory of functions cannot be limited (no 'memory' control group)",
                  host.is_root ? "on a Raspberry Pi add 'cgroup_enable=memory cgroup_memory=1' to "
                                 "/boot/cmdline.txt and restart it; elsewhere mount the control "
                                 "groups, or for a systemd service set Delegate=yes"
                               : "run the core as root",
                  ability::reduced);
}

judgement process_limits(const host_facts& host) {
    return has_control(host, "pids", host.cgroups.pids)
               ? ok(version_of(host.cgroups.pids))
               : warning(
                     "the number of a function's processes cannot be limited (no 'pids' "
                     "control group)",
                     "use a kernel with CONFIG_CGROUP_PIDS, as root");
}

judgement device_limits(const host_facts& host) {
    return has_control(host, "devices", host.cgroups.devices)
               ? ok(version_of(host.cgroups.devices))
               : warning(
                     "device nodes are kept from functions by the file system alone (no "
                     "'devices' control group)",
                     "use a kernel with CONFIG_CGROUP_DEVICE, or CONFIG_CGROUP_BPF for version "
                     "2, as root");
}

// V1 does not start without it, but with -i (spec/core.md §1, §4).
judgement link_protection(const host_facts& host) {
    std::string off;
    for (const auto& [name, value] : {std::pair("hardlinks", host.protects_hardlinks),
                                      std::pair("symlinks", host.protects_symlinks)}) {
        if (!value.value_or(false)) {
            off += " fs.protected_" + std::string(name) + "=1";
        }
    }
    if (off.empty()) {
        return ok("hard links and symbolic links");
    }
    const auto remedy = "run 'sysctl -w" + off + "' and add it to /etc/sysctl.d";
    const std::string found = "the kernel lets processes follow links that others planted";
    return host.starts_insecure ? warning(found + "; a core starts with -i", remedy)
                                : failed(found + ": a core starts only with -i", remedy);
}

judgement default_user(const host_facts& host) {
    if (!host.is_root) {
        return skipped("a rootless core runs functions as its own user");
    }
    if (host.has_default_user && host.has_default_group) {
        return ok("ggc_user and ggc_group");
    }
    const auto* missing = host.has_default_user    ? "there is no group ggc_group"
                          : host.has_default_group ? "there is no user ggc_user"
                                                   : "there are no ggc_user and no ggc_group";
    return warning(missing,
                   "run 'adduser --system ggc_user; addgroup --system ggc_group', or give the "
                   "group's functions a RunAs");
}

judgement interpreters(const host_facts& host) {
    std::string names;
    for (const auto& path : host.interpreters) {
        names += (names.empty() ? "" : ", ") + path;
    }
    return names.empty() ? warning("no Python, Node.js or Java",
                                   "install what the group's functions are written in: python3, "
                                   "nodejs, default-jre-headless. Native functions need none")
                         : ok(names);
}

judgement standard_devices(const host_facts& host) {
    std::string missing;
    for (const auto& path : host.missing_devices) {
        missing += (missing.empty() ? "" : ", ") + path;
    }
    return missing.empty() ? ok("/dev/stdin, /dev/stdout, /dev/stderr")
                           : warning("missing: " + missing,
                                     "link them to /proc/self/fd/0, 1 and 2, as udev does");
}

judgement clock_of(const host_facts& host) {
    const auto now = format_iso8601(host.now);
    // The first year in which this program could run.
    if (now < "2026") {
        return failed("it is " + now + " here",
                      "set the clock, or let chrony or systemd-timesyncd do it: certificates are "
                      "not valid yet at this time");
    }
    return host.clock_is_synchronised
               ? ok(now)
               : warning(now + ", set by nobody",
                         "let chrony or systemd-timesyncd keep it: at the wrong time certificates "
                         "are refused");
}

judgement open_files(const host_facts& host) {
    constexpr std::uint64_t enough = 4096;
    return host.most_open_files >= enough
               ? ok(std::to_string(host.most_open_files))
               : warning("at most " + std::to_string(host.most_open_files),
                         "raise the hard limit (LimitNOFILE= of the service, ulimit -Hn) to 4096 "
                         "or more: each device and each function needs some");
}

}  // namespace

const std::vector<check<host_facts>>& host_checks() {
    static const std::vector<check<host_facts>> table = {
        {"host.kernel", kernel},
        {"host.architecture", architecture},
        {"host.privileges", privileges},
        {"host.memory", memory},
        {"host.namespaces", namespaces},
        {"host.seccomp", seccomp},
        {"host.overlayfs", overlayfs},
        {"host.isolation", isolation},
        {"host.cgroup-memory", memory_limits},
        {"host.cgroup-pids", process_limits},
        {"host.cgroup-devices", device_limits},
        {"host.link-protection", link_protection},
        {"host.default-user", default_user},
        {"host.interpreters", interpreters},
        {"host.standard-devices", standard_devices},
        {"host.clock", clock_of},
        {"host.open-files", open_files},
    };
    return table;
}

}  // namespace evergrass::doctor
