#include "apps/doctor/disk_look.hpp"

#include "libs/base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace evergrass::doctor {
namespace {

// errno of the first step that failed, or 0.
int write_and_sync(int descriptor, std::chrono::microseconds& median) {
    constexpr std::size_t rounds = 9;
    const std::string block(4096, 'e');
    std::array<std::chrono::microseconds, rounds> times{};
    for (auto& time : times) {
        const auto started = std::chrono::steady_clock::now();
        if (::pwrite(descriptor, block.data(), block.size(), 0) < 0 || ::fsync(descriptor) != 0) {
            return errno;
        }
        time = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - started);
    }
    std::sort(times.begin(), times.end());
    median = times[rounds / 2];
    return 0;
}

void try_to_write(disk_facts& disk) {
    auto name = (disk.directory / ".evergrass-doctor-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) {
        disk.write_error = std::strerror(errno);
        return;
    }
    const int failed = write_and_sync(descriptor, disk.sync);
    ::close(descriptor);
    ::unlink(name.c_str());
    if (failed != 0) {
        disk.write_error = std::strerror(failed);
    }
}

std::string life_time_of(const std::filesystem::path& directory) {
    struct stat found {};
    if (::stat(directory.c_str(), &found) != 0) {
        return {};
    }
    const auto number =
        std::to_string(major(found.st_dev)) + ":" + std::to_string(minor(found.st_dev));
    std::error_code failed;
    const auto device = std::filesystem::canonical("/sys/dev/block/" + number, failed);
    if (failed) {
        return {};
    }
    // A partition's folder is in its disk's.
    for (const auto& folder : {device, device.parent_path()}) {
        if (auto text = read_file(folder / "device/life_time", 64)) {
            return *text;
        }
    }
    return {};
}

}  // namespace

int used_tenths_of(std::string_view life_time) {
    std::istringstream words{std::string(life_time)};
    int most = 0;
    for (std::string word; words >> word;) {
        int value = 0;
        if (word.starts_with("0x")) {
            std::from_chars(word.data() + 2, word.data() + word.size(), value, 16);
        }
        most = std::max(most, value);
    }
    return most;
}

disk_facts look_at_disk(const std::filesystem::path& directory) {
    disk_facts disk;
    disk.directory = directory;
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) == 0) {
        disk.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
        disk.inodes = space.f_files;
        disk.free_inodes = space.f_favail;
    }
    disk.used_tenths = used_tenths_of(life_time_of(directory));
    try_to_write(disk);
    return disk;
}

}  // namespace evergrass::doctor
