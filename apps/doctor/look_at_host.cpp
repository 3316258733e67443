#include "apps/doctor/host_facts.hpp"
#include "edge/functions/runtimes.hpp"
#include "libs/base/file.hpp"

#include <charconv>
#include <cstdlib>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace evergrass::doctor {
namespace {

constexpr std::size_t longest = 4 * 1024 * 1024;

std::string text_of(const std::filesystem::path& file) {
    auto text = read_file(file, longest);
    return text ? std::move(*text) : std::string();
}

std::uint64_t total_memory() {
    const auto text = text_of("/proc/meminfo");
    constexpr std::string_view name = "MemTotal:";
    const auto at = text.find(name);
    if (at == std::string::npos) {
        return 0;
    }
    const auto digits = text.find_first_of("0123456789", at);
    std::uint64_t kilobytes = 0;
    if (digits != std::string::npos) {
        std::from_chars(text.data() + digits, text.data() + text.size(), kilobytes);
    }
    return kilobytes * 1024;
}

std::set<std::string> kinds_of_namespaces() {
    std::set<std::string> found;
    std::error_code failed;
    for (const auto* kind : {"ipc", "mnt", "pid", "user", "uts"}) {
        if (std::filesystem::is_symlink(std::filesystem::path("/proc/self/ns") / kind, failed)) {
            found.insert(kind);
        }
    }
    return found;
}

bool overlayfs_is_there(const std::string& release) {
    if (text_of("/proc/filesystems").find("\toverlay\n") != std::string::npos) {
        return true;
    }
    const auto modules = std::filesystem::path("/lib/modules") / release;
    return text_of(modules / "modules.dep").find("/overlay.ko") != std::string::npos;
}

// The kernel names the field since 3.8 and the actions since 4.14.
bool seccomp_is_there() {
    return text_of("/proc/self/status").find("\nSeccomp:") != std::string::npos;
}

std::optional<bool> switched_on(const char* name) {
    const auto text = text_of(std::filesystem::path("/proc/sys/fs") / name);
    return text.empty() ? std::nullopt : std::optional(text.front() != '0');
}

bool is_synchronised() {
    timex state{};
    return ::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

// Each folder once: /bin is /usr/bin as a rule.
std::vector<std::string> interpreters_in(const char* path) {
    std::set<std::string> seen;
    std::vector<std::string> found;
    for (const auto& one : edge::functions::find_interpreters(path)) {
        std::error_code failed;
        const auto folder = std::filesystem::canonical(one.path.parent_path(), failed);
        if (!failed && seen.insert((folder / one.path.filename()).string()).second) {
            found.push_back(one.path.string());
        }
    }
    return found;
}

}  // namespace

host_facts look_at_host(const std::filesystem::path& jail_program,
                        const std::filesystem::path& work_directory) {
    host_facts host;
    utsname system{};
    if (::uname(&system) == 0) {
        host.kernel_release = system.release;
        host.machine = system.machine;
    }
    host.is_root = ::geteuid() == 0;
    host.memory_bytes = total_memory();
    host.namespaces = kinds_of_namespaces();
    host.has_seccomp = seccomp_is_there();
    host.isolation = edge::isolation::probe_isolation(jail_program, work_directory);
    // After the probe, which loads the module.
    host.has_overlayfs = overlayfs_is_there(host.kernel_release);
    host.cgroups =
        edge::isolation::find_cgroups(text_of("/proc/self/mountinfo"), text_of("/proc/self/cgroup"),
                                      [](const std::string& path) { return text_of(path); });
    host.protects_hardlinks = switched_on("protected_hardlinks");
    host.protects_symlinks = switched_on("protected_symlinks");
    host.has_default_user = ::getpwnam("ggc_user") != nullptr;
    host.has_default_group = ::getgrnam("ggc_group") != nullptr;
    const auto* path = std::getenv("PATH");
    host.interpreters = interpreters_in(path == nullptr ? "" : path);
    for (const auto* device : {"/dev/stdin", "/dev/stdout", "/dev/stderr"}) {
        // The link counts: what it leads to may be closed here.
        std::error_code failed;
        if (!std::filesystem::exists(std::filesystem::symlink_status(device, failed))) {
            host.missing_devices.emplace_back(device);
        }
    }
    host.now = std::chrono::system_clock::now();
    host.clock_is_synchronised = is_synchronised();
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        host.most_open_files = files.rlim_max;
    }
    return host;
}

}  // namespace evergrass::doctor
