#include "libs/log_store/real_file_system.hpp"

#include "libs/log_store/errors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace evergrass::log_store {
namespace {

error failure(std::string context) {
    switch (errno) {
        case ENOSPC:
        case EDQUOT:
            return {log_errc::disk_full, std::move(context)};
        case EROFS:
            return {log_errc::read_only, std::move(context)};
        case EIO:
            return {log_errc::io_failed, std::move(context)};
        default:
            return errno_error(std::move(context));
    }
}

// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
    auto answer = call();
    while (answer < 0 && errno == EINTR) {
        answer = call();
    }
    return answer;
}

class real_file final : public file {
public:
    real_file(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    real_file(const real_file&) = delete;
    real_file& operator=(const real_file&) = delete;
    ~real_file() override { ::close(descriptor_); }

    result<void> append(std::span<const std::string_view> parts) override {
        std::array<iovec, 16> vectors{};
        std::size_t done = 0;  // bytes of parts[0] that are written
        while (!parts.empty()) {
            if (parts.front().size() == done) {
                parts = parts.subspan(1);
                done = 0;
                continue;
            }
            const auto count = std::min(parts.size(), vectors.size());
            for (std::size_t i = 0; i < count; ++i) {
                const auto rest = i == 0 ? parts[i].substr(done) : parts[i];
                vectors[i] = {const_cast<char*>(rest.data()), rest.size()};
            }
            const auto written = uninterrupted(
                [&] { return ::writev(descriptor_, vectors.data(), static_cast<int>(count)); });
            if (written < 0) {
                return failure("cannot write " + path_);
            }
            // A short write: go on behind what was taken. What is in the way will show itself.
            done += static_cast<std::size_t>(written);
            while (!parts.empty() && done >= parts.front().size()) {
                done -= parts.front().size();
                parts = parts.subspan(1);
            }
        }
        return {};
    }

    result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
        std::size_t got = 0;
        while (got < into.size()) {
            const auto piece = uninterrupted([&] {
                return ::pread(descriptor_, into.data() + got, into.size() - got,
                               static_cast<off_t>(offset + got));
            });
            if (piece < 0) {
                return failure("cannot read " + path_);
            }
            if (piece == 0) {
                break;
            }
            got += static_cast<std::size_t>(piece);
        }
        return got;
    }

    result<void> sync() override {
        if (uninterrupted([&] { return ::fdatasync(descriptor_); }) != 0) {
            return failure("cannot save " + path_);
        }
        return {};
    }

    result<void> truncate(std::uint64_t size) override {
        if (uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) !=
            0) {
            return failure("cannot shorten " + path_);
        }
        return {};
    }

    result<std::uint64_t> size() override {
        struct stat info {};
        if (::fstat(descriptor_, &info) != 0) {
            return failure("cannot read the size of " + path_);
        }
        return static_cast<std::uint64_t>(info.st_size);
    }

private:
    int descriptor_;
    std::string path_;
};

}  // namespace

result<std::unique_ptr<file>> real_file_system::open(const std::string& path, open_mode mode) {
    int flags = O_CLOEXEC | O_NOFOLLOW;
    switch (mode) {
        case open_mode::read:
            flags |= O_RDONLY;
            break;
        case open_mode::append:
            flags |= O_RDWR | O_APPEND;
            break;
        case open_mode::create:
            flags |= O_RDWR | O_APPEND | O_CREAT | O_EXCL;
            break;
    }
    const int descriptor = uninterrupted([&] { return ::open(path.c_str(), flags, 0600); });
    if (descriptor < 0) {
        return failure((mode == open_mode::create ? "cannot make " : "cannot open ") + path);
    }
    return std::unique_ptr<file>(std::make_unique<real_file>(descriptor, path));
}

result<void> real_file_system::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return failure("cannot rename " + from + " to " + to);
    }
    return {};
}

result<void> real_file_system::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0) {
        return failure("cannot remove " + path);
    }
    return {};
}

result<std::vector<std::string>> real_file_system::list(const std::string& directory) {
    DIR* const opened = ::opendir(directory.c_str());
    if (opened == nullptr) {
        return failure("cannot list " + directory);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const auto* entry = ::readdir(opened)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
        errno = 0;
    }
    const int why = errno;
    ::closedir(opened);
    if (why != 0) {
        errno = why;
        return failure("cannot list " + directory);
    }
    return names;
}

result<void> real_file_system::make_directory(const std::string& path) {
    std::filesystem::path made;
    for (const auto& part : std::filesystem::path(path)) {
        const auto parent = made.empty() ? std::filesystem::path(".") : made;
        made /= part;
        if (::mkdir(made.c_str(), 0700) == 0) {
            if (auto saved = sync_directory(parent.string()); !saved) {
                return saved;
            }
            continue;
        }
        // A parent that exists but may not be written answers EACCES or EROFS before EEXIST.
        const int why = errno;
        struct stat info {};
        if (::stat(made.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
            errno = why;
            return failure("cannot make the directory " + made.string());
        }
    }
    return {};
}

result<void> real_file_system::sync_directory(const std::string& path) {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) {
        return failure("cannot save the directory " + path);
    }
    const int answer = uninterrupted([&] { return ::fsync(descriptor); });
    const int why = errno;
    ::close(descriptor);
    if (answer != 0) {
        errno = why;
        return failure("cannot save the directory " + path);
    }
    return {};
}

}  // namespace evergrass::log_store
