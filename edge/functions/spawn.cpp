#include "edge/functions/spawn.hpp"

#include "edge/isolation/before_exec.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace evergrass::edge::functions {

namespace {

constexpr int first_write_end = 32;  // above every number that the child gives to its pipes
constexpr int exec_failed = 127;

// Everything the child needs, made before fork(): between fork() and exec() only functions that
// are safe in signal handlers may be called, for another thread of the core may have held a lock.
struct child_plan {
    const char* program = nullptr;
    const char* directory = nullptr;
    std::vector<char*> arguments;
    std::vector<char*> environment;
    std::optional<process_identity> identity;
    std::array<int, log_pipes.size()> write_ends{};
    int control = -1;
    pid_t parent = 0;
};

void say(const char* text) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

[[noreturn]] void give_up(const char* what, const char* which) {
    const char* reason = ::strerrordesc_np(errno);
    say("cannot ");
    say(what);
    say(which);
    say(": ");
    say(reason == nullptr ? "unknown error" : reason);
    say("\n");
    ::_exit(exec_failed);
}

void take_identity(const process_identity& identity) {
    if (::setgroups(1, &identity.gid) != 0) {
        give_up("set the group of ", "the function");
    }
    if (::setgid(identity.gid) != 0) {
        give_up("set the gid of ", "the function");
    }
    if (::setuid(identity.uid) != 0) {
        give_up("set the uid of ", "the function");
    }
}

[[noreturn]] void run_child(const child_plan& plan) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null > STDIN_FILENO) {
        ::dup2(null, STDIN_FILENO);
    }
    for (std::size_t i = 0; i < plan.write_ends.size(); ++i) {
        ::dup2(plan.write_ends[i], static_cast<int>(i) + 1);
    }
    if (plan.control >= 0) {
        ::dup2(plan.control, control_descriptor);
    }
    isolation::close_from(static_cast<unsigned>(control_descriptor) + (plan.control >= 0 ? 1 : 0));
    ::setpgid(0, 0);
    if (plan.identity) {
        take_identity(*plan.identity);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
    if (::getppid() != plan.parent) {
        ::_exit(exec_failed);  // the core ended meanwhile
    }
    if (::chdir(plan.directory) != 0) {
        give_up("enter ", plan.directory);
    }
    isolation::reset_signals();
    ::execve(plan.program, plan.arguments.data(), plan.environment.data());
    give_up("run ", plan.program);
}

void close_all(const std::array<int, log_pipes.size()>& descriptors) {
    for (const int fd : descriptors) {
        if (fd > 0) {
            ::close(fd);
        }
    }
}

result<void> open_pipe(int& read_end, int& write_end) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno_error("cannot make a worker's log pipe");
    }
    read_end = ends[0];
    ::fcntl(read_end, F_SETFL, O_NONBLOCK);
    write_end = ::fcntl(ends[1], F_DUPFD_CLOEXEC, first_write_end);
    const int failure = errno;
    ::close(ends[1]);
    if (write_end < 0) {
        errno = failure;
        return errno_error("cannot make a worker's log pipe");
    }
    return {};
}

// The other process's end blocks.
result<void> open_control(int& ours, int& theirs) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return errno_error("cannot make a worker's control socket");
    }
    ours = ends[0];
    ::fcntl(ours, F_SETFL, O_NONBLOCK);
    theirs = ::fcntl(ends[1], F_DUPFD_CLOEXEC, first_write_end);
    const int failure = errno;
    ::close(ends[1]);
    if (theirs < 0) {
        errno = failure;
        return errno_error("cannot make a worker's control socket");
    }
    return {};
}

// Descriptors of a process that did not come to be.
void close_ours(const spawned& child) {
    close_all(child.logs);
    if (child.control >= 0) {
        ::close(child.control);
    }
}

void close_theirs(const child_plan& plan) {
    close_all(plan.write_ends);
    if (plan.control >= 0) {
        ::close(plan.control);
    }
}

// Some runtimes can write to a pipe only by opening /proc/self/fd/N, which asks who owns it.
void give_pipes(const child_plan& plan) {
    for (const int fd : plan.write_ends) {
        [[maybe_unused]] const int refused =
            ::fchown(fd, plan.identity->uid, plan.identity->gid);  // they write as they can
    }
}

}  // namespace

result<spawned> spawn(const spawn_options& options) {
    child_plan plan;
    plan.program = options.program.c_str();
    plan.directory = options.directory.c_str();
    plan.arguments = isolation::pointers_to(options.arguments);
    plan.environment = isolation::pointers_to(options.environment);
    plan.identity = options.identity;
    plan.parent = ::getpid();

    spawned child;
    for (std::size_t i = 0; i < log_pipes.size(); ++i) {
        if (auto opened = open_pipe(child.logs[i], plan.write_ends[i]); !opened) {
            close_ours(child);
            close_theirs(plan);
            return opened.error();
        }
    }
    if (options.control) {
        if (auto opened = open_control(child.control, plan.control); !opened) {
            close_ours(child);
            close_theirs(plan);
            return opened.error();
        }
    }
    if (plan.identity) {
        give_pipes(plan);
    }
    // A signal that came to the child before exec() would run our handlers in it.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    child.pid = ::fork();
    if (child.pid == 0) {
        run_child(plan);
    }
    const int failure = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close_theirs(plan);
    if (child.pid < 0) {
        close_ours(child);
        errno = failure;
        return errno_error("cannot start a process for the function");
    }
    ::setpgid(child.pid, child.pid);  // both sides do it: whoever comes first
    return child;
}

}  // namespace evergrass::edge::functions
