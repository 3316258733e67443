#include "apps/evergrass/takeover.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdio.h>

namespace evergrass::cli {

namespace fs = std::filesystem;

bool linux_disk::exists(const fs::path& path) {
    std::error_code failed;
    return fs::exists(path, failed);
}

result<std::string> linux_disk::read(const fs::path& path) {
    return read_file(path, 1024 * 1024);
}

result<void> linux_disk::write(const fs::path& path, std::string_view content, mode_t mode) {
    return write_file_atomically(path, content, mode);
}

result<void> linux_disk::make_folder(const fs::path& path) {
    auto made = make_directories(path, 0755);
    return made ? sync_directory(path.parent_path()) : made;
}

result<void> linux_disk::exchange(const fs::path& a, const fs::path& b) {
    if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) {
        const bool apart = errno == EXDEV;
        const bool unable = errno == EINVAL || errno == ENOSYS;
        auto failed = errno_error("cannot exchange " + a.string() + " and " + b.string());
        if (apart) {
            failed.context +=
                ": they are on different file systems, so give --work a folder on the "
                "root's";
        } else if (unable) {
            failed.context +=
                ": this file system cannot do it in one step (ext4, xfs, btrfs, f2fs "
                "and tmpfs can)";
        }
        return failed;
    }
    if (auto synced = sync_directory(a.parent_path()); !synced) {
        return synced;
    }
    return sync_directory(b.parent_path());
}

}  // namespace evergrass::cli
