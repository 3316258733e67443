#include "apps/evergrass/directory_lock.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace evergrass::cli {
namespace {

constexpr std::chrono::milliseconds poll_interval{20};

// 0 when the file does not say.
pid_t owner_of(int fd) {
    std::array<char, 24> text{};
    const auto count = ::pread(fd, text.data(), text.size(), 0);
    pid_t owner = 0;
    if (count > 0) {
        std::from_chars(text.data(), text.data() + count, owner);
    }
    return owner;
}

// One that has ended and that nobody has asked for yet (a zombie) does not run.
bool runs(pid_t process) {
    if (::kill(process, 0) != 0 && errno == ESRCH) {
        return false;
    }
    const auto stat = read_file("/proc/" + std::to_string(process) + "/stat");
    // "PID (NAME) STATE …", and a name may have any character.
    const auto name_end = stat ? stat->rfind(") ") : std::string::npos;
    return name_end == std::string::npos || stat->substr(name_end + 2, 1) != "Z";
}

error taken(const std::filesystem::path& directory, pid_t owner) {
    if (owner > 0 && !runs(owner)) {
        return {errc::unavailable, "Processes of an earlier `evergrass up` on " +
                                       directory.string() + " have not ended yet (`fuser -v " +
                                       (directory / "up.lock").string() + "` names them)"};
    }
    return {errc::conflict, "Another `evergrass up` (process " + std::to_string(owner) +
                                ") has the directory " + directory.string() +
                                ". Stop it, or give another --dir"};
}

}  // namespace

result<directory_lock> directory_lock::take(const std::filesystem::path& directory) {
    const auto path = directory / "up.lock";
    // No O_CLOEXEC: children shall hold it too.
    directory_lock lock(::open(path.c_str(), O_RDWR | O_CREAT, 0600));
    if (lock.fd_ < 0) {
        return errno_error("Cannot open " + path.string());
    }
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? taken(directory, owner_of(lock.fd_))
                                    : errno_error("Cannot lock " + path.string());
    }
    const auto self = std::to_string(::getpid());
    if (::ftruncate(lock.fd_, 0) != 0 ||
        ::pwrite(lock.fd_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
        return errno_error("Cannot write " + path.string());
    }
    return lock;
}

result<directory_lock> directory_lock::take_or_wait(const std::filesystem::path& directory,
                                                    std::chrono::seconds limit,
                                                    const std::function<void()>& waiting) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    bool told = false;
    for (;;) {
        auto lock = take(directory);
        if (lock || lock.error().code != errc::unavailable ||
            std::chrono::steady_clock::now() >= deadline) {
            return lock;
        }
        if (!std::exchange(told, true)) {
            waiting();
        }
        std::this_thread::sleep_for(poll_interval);
    }
}

directory_lock::~directory_lock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace evergrass::cli
