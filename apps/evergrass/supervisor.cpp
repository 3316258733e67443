#include "apps/evergrass/supervisor.hpp"

#include <algorithm>
#include <chrono>
#include <signal.h>
#include <sys/wait.h>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// Long enough for a core to stop its functions, each of which may take its own time-out.
constexpr std::chrono::seconds stop_limit{15};
constexpr std::size_t tail_lines = 15;

}  // namespace

supervisor::supervisor(asio::any_io_executor executor, std::function<void(std::string)> died)
    : child_signals_(executor, SIGCHLD), child_ended_(executor), died_(std::move(died)) {
    watch();
}

supervisor::~supervisor() {
    kill_all();
}

result<pid_t> supervisor::start(child_options options) {
    auto pid = spawn_child(options);
    if (pid) {
        children_.push_back({std::move(options), *pid});
    }
    return pid;
}

void supervisor::watch() {
    child_signals_.async_wait([this](const boost::system::error_code& failed, int) {
        if (!failed) {
            reap();
            watch();
        }
    });
}

// Several children may have ended for one SIGCHLD; other children of this process (run_command's)
// are not ours to reap.
void supervisor::reap() {
    for (auto& each : children_) {
        int status = 0;
        if (!each.running || ::waitpid(each.pid, &status, WNOHANG) != each.pid) {
            continue;
        }
        each.running = false;
        ::kill(-each.pid, SIGKILL);  // what it left in its group
        if (!stopping_) {
            died_("The " + each.options.name + " " + describe_exit(status) +
                  ". The end of its log " + each.options.log_file.string() + ":\n" +
                  tail_of(each.options.log_file, tail_lines, "    "));
        }
    }
    child_ended_.notify();
}

asio::awaitable<void> supervisor::stop_all() {
    stopping_ = true;
    for (auto each = children_.rbegin(); each != children_.rend(); ++each) {
        if (!each->running) {
            continue;
        }
        ::kill(each->pid, SIGTERM);
        const auto ended = [&running = each->running] { return !running; };
        const auto deadline = std::chrono::steady_clock::now() + stop_limit;
        const bool in_time = co_await child_ended_.wait(ended, deadline);
        if (!in_time) {
            ::kill(-each->pid, SIGKILL);
            co_await child_ended_.wait(ended, mono_time::max());
        }
    }
}

bool supervisor::any_running() const {
    return std::any_of(children_.begin(), children_.end(),
                       [](const child& each) { return each.running; });
}

void supervisor::kill_all() {
    for (const auto& each : children_) {
        if (each.running) {
            ::kill(-each.pid, SIGKILL);
        }
    }
}

}  // namespace evergrass::cli
