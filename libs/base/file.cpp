#include "libs/base/file.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass {
namespace {

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

private:
    int fd_;
};

result<void> write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno_error("cannot write " + name);
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
        return errno_error("cannot open " + path.string());
    }
    std::string content;
    std::array<char, 64 * 1024> piece;
    for (;;) {
        const auto got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno_error("cannot read " + path.string());
        }
        if (got == 0) {
            return content;
        }
        if (content.size() + static_cast<std::size_t>(got) > max_bytes) {
            return error{errc::too_large,
                         path.string() + " is larger than " + std::to_string(max_bytes) + " bytes"};
        }
        content.append(piece.data(), static_cast<std::size_t>(got));
    }
}

result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode) {
    const auto temporary = path.string() + ".new-" + hex_encode(random_bytes(6));
    {
        const descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
        if (file.get() < 0) {
            return errno_error("cannot create " + temporary);
        }
        auto written = write_all(file.get(), content, temporary);
        // The umask may have taken bits from the mode that open() was given.
        if (written && (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0)) {
            written = errno_error("cannot save " + temporary);
        }
        if (!written) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        auto failed = errno_error("cannot rename " + temporary + " to " + path.string());
        ::unlink(temporary.c_str());
        return failed;
    }
    return sync_directory(path.parent_path());
}

result<void> make_directories(const std::filesystem::path& path, mode_t mode) {
    std::filesystem::path made;
    for (const auto& part : path) {
        made /= part;
        if (::mkdir(made.c_str(), mode) != 0 && errno != EEXIST) {
            // A parent that exists but may not be written answers EACCES or EROFS before EEXIST.
            const int why = errno;
            struct stat info {};
            if (::stat(made.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
                errno = why;
                return errno_error("cannot make the directory " + made.string());
            }
        }
    }
    return {};
}

result<void> sync_directory(const std::filesystem::path& path) {
    const auto name = path.empty() ? std::filesystem::path(".") : path;
    const descriptor directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) {
        return errno_error("cannot save the directory " + name.string());
    }
    return {};
}

}  // namespace evergrass
