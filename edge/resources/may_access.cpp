#include "edge/resources/local_resources.hpp"

#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::edge {
namespace {

// Between fork() and _exit(): functions that are safe in signal handlers, and nothing else.
[[noreturn]] void answer_as(const resource_user& user, const std::vector<gid_t>& groups,
                            const char* path, int mode) {
    const bool taken = ::setgroups(groups.size(), groups.data()) == 0 &&
                       ::setresgid(user.gid, user.gid, user.gid) == 0 &&
                       ::setresuid(user.uid, user.uid, user.uid) == 0;
    // Or the kernel gives /proc/self to root, by which the file is looked at.
    ::prctl(PR_SET_DUMPABLE, 1);
    ::_exit(taken && ::access(path, mode) == 0 ? 0 : 1);
}

}  // namespace

bool may_access(const std::string& path, const resource_user& user,
                const std::vector<gid_t>& groups, bool writable) {
    const int mode = writable ? R_OK | W_OK : R_OK;
    const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const auto itself = "/proc/self/fd/" + std::to_string(fd);
    bool may = false;
    if (::geteuid() != 0) {
        may = ::access(itself.c_str(), mode) == 0;  // we can be nobody else
    } else if (const auto child = ::fork(); child == 0) {
        answer_as(user, groups, itself.c_str(), mode);
    } else if (child > 0) {
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        may = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    ::close(fd);
    return may;
}

}  // namespace evergrass::edge
