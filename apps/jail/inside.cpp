#include "apps/jail/inside.hpp"

#include "apps/jail/channel.hpp"
#include "apps/jail/confinement.hpp"
#include "apps/jail/root.hpp"
#include "apps/jail/small_files.hpp"
#include "apps/jail/words.hpp"
#include "edge/isolation/before_exec.hpp"
#include "edge/isolation/jail_order.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace evergrass::jail {

namespace isolation = edge::isolation;

namespace {

constexpr int last_log = 6;  // standard input, and a log pipe a level

// Some runtimes can write to a pipe only by opening /proc/self/fd/N, which asks who owns it.
void give_logs(const isolation::jail_order& order) {
    for (int fd = 1; fd <= last_log; ++fd) {
        [[maybe_unused]] const int refused = ::fchown(fd, order.uid, order.gid);
    }
}

// Capabilities in it are over nothing that the host has. A host that allows none goes without.
void take_user_namespace(int channel, bool rootless) {
    const bool taken = !rootless && ::unshare(CLONE_NEWUSER) == 0;
    tell(channel, taken ? say_map_me : say_here);
    char answer = 0;
    if (::read(channel, &answer, 1) != 1 || answer != answer_go_on) {
        ::_exit(never_ran);
    }
}

// `input`: of a program that waits, where it is told what it is to be; else -1.
[[noreturn]] void run_function(const isolation::jail_order& order, int channel, int input,
                               bool rootless) {
    ::setsid();
    write_small_file("/proc/self/oom_score_adj", "500");  // the core is to outlive it
    take_user_namespace(channel, rootless);
    if (input >= 0) {
        tell(input, say_here);
    }
    const rlimit no_dump{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_dump);
    ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    give_logs(order);
    take_identity(order, rootless);
    if (::chdir(order.directory.c_str()) != 0) {
        give_up("enter ", order.directory);
    }
    const int source = input >= 0 ? input : ::open("/dev/null", O_RDONLY);
    if (source > STDIN_FILENO) {
        ::dup2(source, STDIN_FILENO);
    }
    isolation::close_from(last_log + 1);
    isolation::reset_signals();
    auto arguments = isolation::pointers_to(order.arguments);
    auto environment = isolation::pointers_to(order.environment);
    set_no_new_privileges();
    scope_sockets();
    filter_system_calls();
    if (order.program == "/") {
        ::_exit(0);  // the way in was all that was asked for
    }
    ::execve(order.program.c_str(), arguments.data(), environment.data());
    give_up("run ", order.program);
}

// The function's wait status, when it has ended; reaps what others left until then.
int wait_for(pid_t function) {
    for (;;) {
        int status = 0;
        const auto ended = ::waitpid(-1, &status, 0);
        if (ended == function) {
            return status;
        }
        if (ended < 0 && errno != EINTR) {
            return never_ran << 8;
        }
    }
}

// Does an order come on the channel? Else the function's process has ended.
bool is_ordered(int channel, int function) {
    std::array<pollfd, 2> watched = {{{channel, POLLIN, 0}, {function, POLLIN, 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    return watched[1].revents == 0;
}

std::string words_of(const isolation::jail_order& order) {
    std::string words;
    const auto add = [&](const std::string& word) { words.append(word).push_back('\0'); };
    add(order.program);
    add(order.directory);
    add(std::to_string(order.arguments.size()));
    std::for_each(order.arguments.begin(), order.arguments.end(), add);
    std::for_each(order.environment.begin(), order.environment.end(), add);
    return words;
}

// The second order of a program that waits, unless that ends before.
void complete(const isolation::jail_order& first, int channel, int input) {
    char here = 0;
    // Not before: the answer that its process waits for is for the same channel.
    if (::read(input, &here, 1) != 1 || !is_ordered(channel, input)) {
        return;
    }
    const auto bytes = receive_bytes(channel, isolation::longest_jail_order);
    if (!bytes) {
        ::_exit(0);  // it was not needed
    }
    const auto order = isolation::decode_jail_order(*bytes);
    if (!order) {
        say(order.error().message());
        ::_exit(never_ran);
    }
    complete_root(first, *order);
    send_all(input, words_of(*order));
}

}  // namespace

void run_inside(int channel, bool rootless) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto bytes = receive_bytes(channel, isolation::longest_jail_order);
    if (!bytes) {
        ::_exit(0);  // it was not needed
    }
    ::prctl(PR_SET_DUMPABLE, 0);  // not before: the kernel gives its files to root then
    const auto order = isolation::decode_jail_order(*bytes);
    if (!order) {
        say(order.error().message());
        ::_exit(never_ran);
    }
    enter_root(*order, rootless);
    channel_ends input;
    if (order->waits) {
        input = open_channel();
    }
    const auto function = ::fork();
    if (function == 0) {
        run_function(*order, channel, input.inside, rootless);
    }
    if (function < 0) {
        give_up("start a process for ", "the function");
    }
    if (order->waits) {
        ::close(input.inside);
        complete(*order, channel, input.outside);
        ::close(input.outside);
    }
    drop_capabilities();
    set_no_new_privileges();
    tell_ended(channel, wait_for(function));
    ::_exit(0);
}

}  // namespace evergrass::jail
