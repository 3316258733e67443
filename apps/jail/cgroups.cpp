#include "apps/jail/cgroups.hpp"

#include "apps/jail/device_program.hpp"
#include "apps/jail/small_files.hpp"
#include "edge/isolation/cgroup_places.hpp"
#include "edge/isolation/jail_order.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace evergrass::jail {

namespace isolation = edge::isolation;

namespace {

// What every process may open, as "type major:minor access" (version 1's form).
constexpr const char* usual_devices[] = {
    "c 1:3 rwm",   // null
    "c 1:5 rwm",   // zero
    "c 1:7 rwm",   // full
    "c 1:8 rwm",   // random
    "c 1:9 rwm",   // urandom
    "c 5:0 rw",    // tty
    "c 5:2 rw",    // ptmx
    "c 136:* rw",  // pts
    "c *:* m",     // making a node is not opening it, and takes a capability besides
    "b *:* m",
};

std::string make_directory(const isolation::cgroup_place& place, std::string_view name) {
    if (place.directory.empty()) {
        return {};
    }
    auto path = place.directory + "/" + std::string(name);
    const bool made = ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
    return made ? path : std::string{};
}

std::uint64_t number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == std::string_view::npos) {
        return 0;
    }
    std::uint64_t value = 0;
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
    return value;
}

}  // namespace

cgroups cgroups::make(std::string_view name) {
    const auto places = isolation::find_cgroups(
        read_small_file("/proc/self/mountinfo"), read_small_file("/proc/self/cgroup"),
        [](const std::string& path) { return read_small_file(path.c_str()); });
    cgroups made;
    made.second_version_ = places.memory.second_version;
    made.second_version_devices_ = places.devices.second_version;
    made.memory_ = make_directory(places.memory, name);
    made.pids_ = make_directory(places.pids, name);
    made.devices_ = make_directory(places.devices, name);
    for (const auto* directory : {&made.memory_, &made.pids_, &made.devices_}) {
        if (!directory->empty() &&
            std::find(made.all_.begin(), made.all_.end(), *directory) == made.all_.end()) {
            made.all_.push_back(*directory);
        }
    }
    return made;
}

bool cgroups::add(pid_t pid) const {
    return std::all_of(all_.begin(), all_.end(), [&](const auto& directory) {
        return write_small_file((directory + "/cgroup.procs").c_str(), std::to_string(pid));
    });
}

bool cgroups::limit_memory(std::uint64_t bytes) const {
    const auto text = std::to_string(bytes);
    if (second_version_) {
        // Without swap: a function that swaps is slow without a word, and wears the flash out.
        const bool set = write_small_file((memory_ + "/memory.max").c_str(), text);
        write_small_file((memory_ + "/memory.swap.max").c_str(), "0");
        return set;
    }
    const bool set = write_small_file((memory_ + "/memory.limit_in_bytes").c_str(), text);
    write_small_file((memory_ + "/memory.memsw.limit_in_bytes").c_str(), text);
    return set;
}

bool cgroups::limit_devices(const isolation::jail_order& order) const {
    std::vector<std::string> rules(std::begin(usual_devices), std::end(usual_devices));
    for (const auto& device : order.devices) {
        struct stat about {};
        if (::stat(device.path.c_str(), &about) != 0) {
            return false;
        }
        rules.push_back((S_ISBLK(about.st_mode) ? "b " : "c ") +
                        std::to_string(major(about.st_rdev)) + ":" +
                        std::to_string(minor(about.st_rdev)) + (device.writable ? " rw" : " r"));
    }
    if (second_version_devices_) {
        return attach_device_program(devices_, rules);
    }
    if (!write_small_file((devices_ + "/devices.deny").c_str(), "a")) {
        return false;
    }
    return std::all_of(rules.begin(), rules.end(), [&](const auto& rule) {
        return write_small_file((devices_ + "/devices.allow").c_str(), rule);
    });
}

bool cgroups::limit(const isolation::jail_order& order) const {
    if (has_memory() && order.memory_bytes != 0 && !limit_memory(order.memory_bytes)) {
        return false;
    }
    if (has_pids() &&
        !write_small_file((pids_ + "/pids.max").c_str(), std::to_string(order.processes))) {
        return false;
    }
    return !has_devices() || limit_devices(order);
}

std::uint64_t cgroups::oom_kills() const {
    if (!has_memory()) {
        return 0;
    }
    const auto file = memory_ + (second_version_ ? "/memory.events" : "/memory.oom_control");
    return number_after(read_small_file(file.c_str()), "oom_kill ");
}

void cgroups::remove() const {
    for (const auto& directory : all_) {
        // A process that has just ended may not have left yet.
        for (int attempt = 0; ::rmdir(directory.c_str()) != 0 && errno == EBUSY && attempt < 50;
             ++attempt) {
            ::usleep(1000);
        }
    }
}

}  // namespace evergrass::jail
