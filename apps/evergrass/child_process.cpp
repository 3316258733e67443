#include "apps/evergrass/child_process.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace evergrass::cli {
namespace {

// Owns a descriptor.
class descriptor {
public:
    explicit descriptor(int fd = -1) : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&&) = delete;
    ~descriptor() { reset(); }
    int get() const { return fd_; }
    void reset() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
};

std::vector<char*> argument_pointers(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const auto& argument : arguments) {
        pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

struct child_wiring {
    int input;
    int output;
    int errors;
    bool own_group;
};

// Between fork and exec: async-signal-safe calls alone.
[[noreturn]] void become(char* const* arguments, const child_wiring& wiring, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) {
        ::_exit(127);  // the parent died before the line above
    }
    if (wiring.own_group) {
        ::setpgid(0, 0);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(wiring.input, STDIN_FILENO);
    ::dup2(wiring.output, STDOUT_FILENO);
    ::dup2(wiring.errors, STDERR_FILENO);
    ::execv(arguments[0], arguments);
    ::dprintf(STDERR_FILENO, "cannot execute %s: %s\n", arguments[0], ::strerror(errno));
    ::_exit(127);
}

result<pid_t> start(const std::vector<std::string>& arguments, const child_wiring& wiring) {
    const auto pointers = argument_pointers(arguments);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return errno_error("Cannot start " + arguments.front());
    }
    if (pid == 0) {
        become(pointers.data(), wiring, parent);
    }
    if (wiring.own_group) {
        ::setpgid(pid, pid);  // also here, so that it is done whoever runs first
    }
    return pid;
}

std::string read_to_end(int fd) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto count = ::read(fd, buffer.data(), buffer.size());
        if (count > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return text;
        }
    }
}

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

descriptor open_null() {
    return descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

// What the command says on standard error goes here, unnamed, so that neither stream can block it.
descriptor unnamed_file() {
    return descriptor(::memfd_create("standard error", MFD_CLOEXEC));
}

}  // namespace

result<pid_t> spawn_child(const child_options& options) {
    const descriptor null = open_null();
    const descriptor log(::open(options.log_file.c_str(),
                                O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    if (null.get() < 0 || log.get() < 0) {
        return errno_error("Cannot write " + options.log_file.string());
    }
    return start(options.arguments, {null.get(), log.get(), log.get(), true});
}

result<std::string> run_command(const std::vector<std::string>& arguments) {
    const descriptor null = open_null();
    const descriptor errors = unnamed_file();
    int ends[2];
    if (null.get() < 0 || errors.get() < 0 || ::pipe2(ends, O_CLOEXEC) != 0) {
        return errno_error("Cannot start " + arguments.front());
    }
    const descriptor reading(ends[0]);
    descriptor writing(ends[1]);
    auto pid = start(arguments, {null.get(), writing.get(), errors.get(), false});
    if (!pid) {
        return pid.error();
    }
    writing.reset();
    auto output = read_to_end(reading.get());
    const int status = wait_for(*pid);
    if (status != 0) {
        ::lseek(errors.get(), 0, SEEK_SET);
        return error{errc::unavailable, arguments.front() + " " + describe_exit(status) + ": " +
                                            read_to_end(errors.get())};
    }
    return output;
}

std::string describe_exit(int status) {
    if (WIFEXITED(status)) {
        return "exited with status " + std::to_string(WEXITSTATUS(status));
    }
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        return "was killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
    }
    return "ended with wait status " + std::to_string(status);
}

std::string tail_of(const std::filesystem::path& log_file, std::size_t lines,
                    std::string_view indent) {
    const auto text = read_file(log_file);
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (!rest.empty() && rest.back() == '\n') {
        rest.remove_suffix(1);
    }
    if (rest.empty()) {
        return std::string(indent) + "(it wrote nothing to " + log_file.string() + ")";
    }
    std::size_t begin = rest.size();
    for (std::size_t n = 0; n < lines && begin != std::string_view::npos && begin > 0; ++n) {
        begin = rest.rfind('\n', begin - 1);
    }
    if (begin != std::string_view::npos && begin > 0) {
        rest.remove_prefix(begin + 1);
    }
    std::string shown(indent);
    for (const char c : rest) {
        shown += c;
        if (c == '\n') {
            shown += indent;
        }
    }
    return shown;
}

result<std::filesystem::path> own_folder() {
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (failed) {
        return error{failed, "Cannot find out where this program is (/proc/self/exe)"};
    }
    return self.parent_path();
}

}  // namespace evergrass::cli
