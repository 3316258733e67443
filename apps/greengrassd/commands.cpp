#include "apps/greengrassd/commands.hpp"

#include "apps/greengrassd/link_protection.hpp"
#include "apps/greengrassd/pid_file.hpp"
#include "apps/greengrassd/start_report.hpp"
#include "edge/config/config.hpp"
#include "libs/base/json.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace evergrass::greengrassd {
namespace {

constexpr std::chrono::seconds start_limit{30};  // V1's "Waiting for up to 30s"
constexpr std::chrono::seconds stop_limit{30};

// The directory of the pid file, or V1's default when config.json cannot be read: stop must work
// then too.
std::filesystem::path pid_directory(const command_options& options) {
    const auto config = edge::load_config(options.root);
    return config ? config->pid_file_directory : std::filesystem::path("/var/run");
}

// In the forked child: becomes the daemon. Its command line holds "greengrassd daemon", which is
// what operators search for (spec/core.md §4).
[[noreturn]] void become_daemon(const command_options& options, int report) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        ::dup2(null, standard);
    }
    const auto root = options.root.string();
    const auto report_text = std::to_string(report);
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::array<const char*, 7> arguments = {self.c_str(), "daemon",      "--root",
                                            root.c_str(), "--report-fd", report_text.c_str(),
                                            nullptr};
    ::execv(self.c_str(), const_cast<char**>(arguments.data()));
    send_report(report, start_outcome::failed, "cannot run " + self);
    ::_exit(1);
}

int tell(const start_report& report, pid_t daemon) {
    switch (report.outcome) {
        case start_outcome::ready:
            std::cout << "\nGreengrass successfully started with PID: " << daemon << "\n";
            return EXIT_SUCCESS;
        case start_outcome::partial:
            std::cout << "\nGreengrass daemon running with PID: " << daemon
                      << ". Some system components failed to start. Check 'runtime.log' for "
                         "errors.\n";
            return EXIT_SUCCESS;
        case start_outcome::silent:
            std::cout << "\nGreengrass daemon running with PID: " << daemon
                      << " has not finished starting within " << start_limit.count()
                      << "s. Check 'runtime.log'.\n";
            return EXIT_FAILURE;
        case start_outcome::failed:
            break;
    }
    std::cout << "\n";
    std::cerr << report.reason << "\nThe Greengrass daemon process with [pid = " << daemon
              << "] died.\n";
    return EXIT_FAILURE;
}

// True once the process is gone. Waits on a pidfd where the kernel has one (5.3), else looks again.
bool wait_for_end(pid_t pid, std::chrono::seconds limit) {
    const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (descriptor >= 0) {
        pollfd wait{descriptor, POLLIN, 0};
        const int ended = ::poll(&wait, 1, static_cast<int>(limit.count() * 1000));
        ::close(descriptor);
        return ended == 1;
    }
    const auto until = std::chrono::steady_clock::now() + limit;
    while (::kill(pid, 0) == 0) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        const timespec pause{0, 20'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return true;
}

}  // namespace

int start(const command_options& options) {
    std::cout << "Setting up greengrass daemon\n";
    std::cout << "Validating hardlink/softlink protection\n";
    if (const auto guarded = check_link_protection(); !guarded && !options.insecure) {
        std::cerr << "Greengrass cannot start: " << guarded.error().context << "\n";
        return EXIT_FAILURE;
    }
    const auto config = edge::load_config(options.root);
    if (!config) {
        std::cerr << config.error().message() << "\n";
        return EXIT_FAILURE;
    }
    if (const auto running = running_daemon(config->pid_file_directory)) {
        std::cerr << "Greengrass daemon is already running with PID: " << *running
                  << ". Use 'restart' to start it anew.\n";
        return EXIT_FAILURE;
    }
    std::cout << "Waiting for up to " << start_limit.count() << "s for Daemon to start"
              << std::endl;
    std::array<int, 2> report{};
    if (::pipe(report.data()) != 0) {
        std::cerr << errno_error("cannot make a pipe").message() << "\n";
        return EXIT_FAILURE;
    }
    const pid_t daemon = ::fork();
    if (daemon < 0) {
        std::cerr << errno_error("cannot fork").message() << "\n";
        return EXIT_FAILURE;
    }
    if (daemon == 0) {
        ::close(report[0]);
        become_daemon(options, report[1]);
    }
    ::close(report[1]);
    return tell(wait_for_report(report[0], start_limit), daemon);
}

int stop(const command_options& options) {
    const auto directory = pid_directory(options);
    const auto pid = running_daemon(directory);
    if (!pid) {
        std::cout << "Greengrass daemon is not running (no live process in "
                  << pid_file_path(directory).string() << ")\n";
        return EXIT_SUCCESS;
    }
    std::cout << "Stopping greengrass daemon of PID: " << *pid << "\nWaiting" << std::endl;
    if (::kill(*pid, SIGTERM) != 0 && errno != ESRCH) {
        std::cerr << errno_error("cannot stop the daemon").message() << "\n";
        return EXIT_FAILURE;
    }
    if (!wait_for_end(*pid, stop_limit)) {
        std::cerr << "It did not stop within " << stop_limit.count() << "s and is killed.\n";
        ::kill(*pid, SIGKILL);
        wait_for_end(*pid, stop_limit);
        remove_pid_file(directory, *pid);
    }
    std::cout << "Stopped greengrass daemon, exiting with success\n";
    return EXIT_SUCCESS;
}

int restart(const command_options& options) {
    const int stopped = stop(options);
    return stopped == EXIT_SUCCESS ? start(options) : stopped;
}

int status(const command_options& options) {
    const auto pid = running_daemon(pid_directory(options));
    if (options.json) {
        json::object out{{"running", pid.has_value()}};
        if (pid) {
            out["pid"] = *pid;
        }
        std::cout << json::serialize(out) << "\n";
    } else if (pid) {
        std::cout << "Greengrass daemon is running with PID: " << *pid << "\n";
    } else {
        std::cout << "Greengrass daemon is not running\n";
    }
    return pid ? EXIT_SUCCESS : 3;  // 3: "program is not running", as LSB init scripts answer
}

}  // namespace evergrass::greengrassd
