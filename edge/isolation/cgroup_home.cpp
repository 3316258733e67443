#include "edge/isolation/cgroup_home.hpp"

#include "edge/isolation/cgroup_places.hpp"
#include "edge/isolation/mount_table.hpp"
#include "libs/base/errors.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::edge::isolation {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

result<void> write(const std::string& path, std::string_view text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno_error("cannot open " + path);
    }
    const bool written = ::write(fd, text.data(), text.size()) >= 0;
    const int failure = errno;
    ::close(fd);
    if (!written) {
        errno = failure;
        return errno_error("cannot write " + std::string(text) + " to " + path);
    }
    return {};
}

cgroup_places places() {
    return find_cgroups(text_of("/proc/self/mountinfo"), text_of("/proc/self/cgroup"), text_of);
}

bool runs(std::string_view name) {
    name.remove_prefix(group_prefix.size());
    pid_t pid = 0;
    std::from_chars(name.data(), name.data() + name.size(), pid);
    return pid <= 0 || ::kill(pid, 0) == 0 || errno != ESRCH;
}

}  // namespace

result<void> take_cgroup_home() {
    const auto found = places();
    // Of version 1, or asked for already.
    if (!found.memory.directory.empty() || !found.devices.second_version) {
        return {};
    }
    const auto& home = found.devices.directory;
    const auto offered = text_of(home + "/cgroup.controllers");
    std::string wanted;
    for (const auto* controller : {"memory", "pids"}) {
        if (offered.find(controller) != std::string::npos) {
            wanted += (wanted.empty() ? "+" : " +") + std::string(controller);
        }
    }
    if (wanted.empty()) {
        return error{errc::unsupported,
                     home +
                         " offers no control of memory (on a Raspberry Pi: add "
                         "'cgroup_enable=memory cgroup_memory=1' to the kernel's command line)"};
    }
    const auto own = home + "/" + std::string(core_group);
    if (::mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) {
        return errno_error("cannot make " + own);
    }
    if (auto moved = write(own + "/cgroup.procs", std::to_string(::getpid())); !moved) {
        return moved;
    }
    auto asked = write(home + "/cgroup.subtree_control", wanted);
    if (!asked && asked.error().code == boost::system::errc::device_or_resource_busy) {
        return with_context(asked.error(),
                            "other processes are in the core's control group: start "
                            "it as a service with 'Delegate=yes'");
    }
    return asked;
}

void remove_left_over_groups() {
    const auto found = places();
    std::set<std::string> directories = {found.memory.directory, found.pids.directory,
                                         found.devices.directory};
    directories.erase("");
    for (const auto& directory : directories) {
        std::error_code code;
        for (const auto& entry : std::filesystem::directory_iterator(directory, code)) {
            const auto name = entry.path().filename().string();
            if (name.starts_with(group_prefix) && name != core_group && !runs(name)) {
                ::rmdir(entry.path().c_str());
            }
        }
    }
}

}  // namespace evergrass::edge::isolation
