#include "apps/jail/supervisor.hpp"

#include "apps/jail/cgroups.hpp"
#include "apps/jail/channel.hpp"
#include "apps/jail/inside.hpp"
#include "apps/jail/small_files.hpp"
#include "apps/jail/words.hpp"
#include "edge/isolation/jail_order.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace evergrass::jail {

namespace isolation = edge::isolation;

namespace {

constexpr int kill_signal = SIGUSR1;

// clone(2) without a stack is fork(2) with namespaces.
pid_t fork_into(unsigned long namespaces) {
    return static_cast<pid_t>(
        ::syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

bool write_proc(pid_t pid, const char* file, const std::string& text) {
    return write_small_file(("/proc/" + std::to_string(pid) + "/" + file).c_str(), text);
}

sigset_t watched_signals() {
    sigset_t watched;
    ::sigemptyset(&watched);
    for (const int number : {SIGTERM, SIGCHLD, kill_signal}) {
        ::sigaddset(&watched, number);
    }
    return watched;
}

class supervisor {
public:
    explicit supervisor(const std::string& group)
        : rootless_(::geteuid() != 0), groups_(cgroups::make(group)), channel_(open_channel()) {
        watch_signals();
        start_first_process();
    }
    supervisor(const supervisor&) = delete;
    supervisor& operator=(const supervisor&) = delete;

    int run() {
        while (!ended_) {
            wait();
        }
        clean_up();
        return finish();
    }

private:
    void watch_signals() {
        const auto watched = watched_signals();
        signals_ = ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals_ < 0) {
            give_up("watch signals");
        }
    }

    void start_first_process() {
        unsigned long namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
        if (rootless_) {
            namespaces |= CLONE_NEWUSER;
        }
        first_ = fork_into(namespaces);
        if (first_ == 0) {
            ::close(channel_.outside);
            ::close(signals_);
            ::close(control_descriptor);
            run_inside(channel_.inside, rootless_);
        }
        if (first_ < 0) {
            give_up("isolate the function: the kernel refuses namespaces");
        }
        ::close(channel_.inside);
        if (rootless_) {
            map_own_ids();
        }
        ::prctl(PR_SET_DUMPABLE, 0);
        if (!groups_.add(first_)) {
            give_up("limit the function: its control groups");
        }
    }

    // Somebody who isn't root may give a namespace no ids but his own.
    void map_own_ids() const {
        write_proc(first_, "setgroups", "deny");
        const auto uid = std::to_string(::geteuid());
        const auto gid = std::to_string(::getegid());
        if (!write_proc(first_, "uid_map", uid + " " + uid + " 1") ||
            !write_proc(first_, "gid_map", gid + " " + gid + " 1")) {
            give_up("give the function's user namespace ", "its ids");
        }
    }

    void wait() {
        // A second order is for later: until its process goes on, the channel is for its answer.
        const bool starting = !work_directory_.empty() && function_ == 0;
        const int control = control_open_ && !starting ? control_descriptor : -1;
        std::array<pollfd, 3> watched = {{{signals_, POLLIN, 0},
                                          {control, POLLIN, 0},
                                          {channel_open_ ? channel_.outside : -1, POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            return;
        }
        if (watched[2].revents != 0) {
            listen();
        }
        if (watched[1].revents != 0) {
            take_control();
        }
        if (watched[0].revents != 0) {
            take_signals();
        }
    }

    void take_signals() {
        signalfd_siginfo info{};
        while (::read(signals_, &info, sizeof info) == sizeof info) {
            const auto number = static_cast<int>(info.ssi_signo);
            if (number == SIGTERM && function_ > 0) {
                ::kill(-function_, SIGTERM);
            } else if (number == SIGTERM || number == kill_signal) {
                ::kill(first_, SIGKILL);
            }
        }
        int status = 0;
        if (::waitpid(first_, &status, WNOHANG) == first_) {
            while (channel_open_) {
                listen();  // what it said last
            }
            if (!status_) {
                status_ = status;
            }
            ended_ = true;
        }
    }

    // The order, and another one when the first lets its program wait; afterwards the core says
    // nothing more, and its end is the function's.
    void take_control() {
        auto bytes = ordered_ ? std::nullopt
                              : receive_bytes(control_descriptor, isolation::longest_jail_order);
        if (!bytes) {
            control_open_ = false;
            ::kill(first_, SIGKILL);
            return;
        }
        const auto order = isolation::decode_jail_order(*bytes);
        if (!order) {
            say(order.error().message());
            ::kill(first_, SIGKILL);
            return;
        }
        const bool first = std::exchange(work_directory_, order->work_directory).empty();
        ordered_ = !order->waits;
        if ((first && !make_work_directory()) || !limit(*order) ||
            !send_bytes(channel_.outside, *bytes)) {
            ::kill(first_, SIGKILL);
        }
    }

    bool limit(const isolation::jail_order& order) const {
        if (groups_.limit(order)) {
            return true;
        }
        say("cannot limit the function: the kernel refuses its memory, processes or devices");
        return false;
    }

    // Not in memory: a function may put there more than its limit.
    bool make_work_directory() const {
        for (const auto& [name, mode] : {std::pair("", 0700), std::pair("/jail", 0700),
                                         std::pair("/tmp", 01777), std::pair("/var_tmp", 01777)}) {
            const auto path = work_directory_ + name;
            if (::mkdir(path.c_str(), 0700) != 0 || ::chmod(path.c_str(), mode) != 0) {
                say("cannot make " + path + " (its parent must be there)");
                return false;
            }
        }
        return true;
    }

    void listen() {
        const auto message = hear(channel_.outside);
        if (!message) {
            channel_open_ = false;
            return;
        }
        if (message->what == say_ended) {
            status_ = message->status;
            return;
        }
        function_ = message->sender;
        const bool user = message->what == say_map_me && map_all_ids();
        tell_core("controls" + std::string(groups_.has_memory() ? " memory" : "") +
                  (groups_.has_pids() ? " pids" : "") + (groups_.has_devices() ? " devices" : "") +
                  (user || rootless_ ? " user" : ""));
        tell_core("pid " + std::to_string(function_));
        tell(channel_.outside, answer_go_on);
    }

    // Everybody is who he is on the host; only what root could do there is missing.
    bool map_all_ids() const {
        constexpr const char* everyone = "0 0 4294967295";
        return write_proc(function_, "uid_map", everyone) &&
               write_proc(function_, "gid_map", everyone);
    }

    static void tell_core(const std::string& line) {
        const auto text = line + "\n";
        [[maybe_unused]] const auto written = ::write(control_descriptor, text.data(), text.size());
    }

    void clean_up() const {
        if (groups_.oom_kills() != 0) {
            tell_core("oom");
        }
        groups_.remove();
        if (!work_directory_.empty()) {
            std::error_code ignored;
            std::filesystem::remove_all(work_directory_, ignored);
        }
    }

    int finish() const {
        const int status = *status_;
        if (WIFSIGNALED(status)) {
            const rlimit no_dump{0, 0};
            ::setrlimit(RLIMIT_CORE, &no_dump);
            ::signal(kill_signal, SIG_IGN);  // one more may wait
            ::signal(WTERMSIG(status), SIG_DFL);
            sigset_t none;
            ::sigemptyset(&none);
            ::sigprocmask(SIG_SETMASK, &none, nullptr);
            ::kill(::getpid(), WTERMSIG(status));
        }
        return WEXITSTATUS(status);
    }

    bool rootless_;
    cgroups groups_;
    channel_ends channel_;
    int signals_ = -1;
    pid_t first_ = 0;
    pid_t function_ = 0;  // as the host sees it; 0: it hasn't started
    std::string work_directory_;
    std::optional<int> status_;
    bool ordered_ = false;  // in full
    bool control_open_ = true;
    bool channel_open_ = true;
    bool ended_ = false;
};

}  // namespace

int run(const std::string& group) {
    // They wait until they are watched: one that comes early is not lost, nor are groups left.
    const auto watched = watched_signals();
    ::sigprocmask(SIG_SETMASK, &watched, nullptr);
    // The core's end must not keep this process from cleaning up.
    ::signal(SIGPIPE, SIG_IGN);
    ::prctl(PR_SET_PDEATHSIG, kill_signal);
    return supervisor(group).run();
}

}  // namespace evergrass::jail
