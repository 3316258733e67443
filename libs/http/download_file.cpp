#include "libs/http/download_file.hpp"

#include "libs/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace evergrass::http {

result<download_file> download_file::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0) {
        auto failed = errno_error("cannot open " + path.string() + " for the download");
        if (fd >= 0) {
            ::close(fd);
        }
        return failed;
    }
    return download_file(fd, path, static_cast<std::uint64_t>(info.st_size));
}

download_file::download_file(download_file&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), size_(other.size_) {}

download_file::~download_file() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

result<void> download_file::restart() {
    if (::ftruncate(fd_, 0) != 0) {
        return errno_error("cannot empty " + path_.string());
    }
    size_ = 0;
    return {};
}

result<void> download_file::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno_error("cannot write " + path_.string());
        }
        size_ += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

result<void> download_file::finish() {
    if (::fsync(fd_) != 0) {
        return errno_error("cannot save " + path_.string());
    }
    return sync_directory(path_.parent_path());
}

}  // namespace evergrass::http
