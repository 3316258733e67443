#include "edge/functions/jail_launcher.hpp"

#include "edge/isolation/cgroup_home.hpp"

#include <algorithm>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace evergrass::edge::functions {

namespace {

// After one was taken: the function that took it starts meanwhile.
constexpr std::chrono::milliseconds refill_delay{100};

// It may have ended, and the watcher not yet said so.
bool runs(const spawned& jail) {
    siginfo_t info{};
    const int told =
        ::waitid(P_PID, static_cast<id_t>(jail.pid), &info, WEXITED | WNOHANG | WNOWAIT);
    return told == 0 && info.si_pid == 0;
}

void close_all(const spawned& jail) {
    for (const int fd : jail.logs) {
        ::close(fd);
    }
    ::close(jail.control);
}

}  // namespace

jail_launcher::jail_launcher(boost::asio::any_io_executor executor, child_watcher& watcher,
                             std::filesystem::path program, std::filesystem::path work_directory)
    : executor_(executor),
      watcher_(watcher),
      program_(std::move(program)),
      work_directory_(std::move(work_directory)),
      timer_(executor) {
    std::error_code ignored;
    std::filesystem::remove_all(work_directory_, ignored);
    std::filesystem::create_directories(work_directory_, ignored);
    std::filesystem::permissions(work_directory_, std::filesystem::perms::owner_all, ignored);
    isolation::remove_left_over_groups();
}

jail_launcher::~jail_launcher() {
    *alive_ = false;
    forget_ready();
    keep_waiting({});
}

void jail_launcher::forget_ready() {
    if (ready_) {
        close_all(*std::exchange(ready_, std::nullopt));  // it ends by that
    }
}

void jail_launcher::forget(pid_t ended) {
    if (ready_ && ready_->pid == ended) {
        forget_ready();
    }
    std::erase_if(waiting_, [&](const waiting_jail& one) {
        if (one.jail.pid == ended) {
            close_all(one.jail);
        }
        return one.jail.pid == ended;
    });
}

result<spawned> jail_launcher::start() {
    spawn_options options;
    options.program = program_.string();
    options.arguments = {
        "evergrass-jail", "run",
        isolation::group_prefix + std::to_string(::getpid()) + "-" + std::to_string(next_++)};
    options.directory = "/";
    options.control = true;
    auto jail = spawn(options);
    if (jail) {
        watcher_.watch(
            jail->pid,
            [this, alive = alive_, pid = jail->pid](const std::string&) {
                if (*alive) {
                    forget(pid);
                }
            },
            stop_signal_of_jails);
    }
    return jail;
}

std::string jail_launcher::next_work_directory() {
    return (work_directory_ / std::to_string(next_++)).string();
}

result<spawned> jail_launcher::take(isolation::jail_order& order,
                                    const std::optional<isolation::jail_order>& waiting) {
    refill_soon();
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) {
        return waiting && one.order == *waiting && runs(one.jail);
    });
    if (found != waiting_.end()) {
        const auto jail = found->jail;
        order.work_directory = std::move(found->work_directory);
        waiting_.erase(found);
        return jail;
    }
    order.work_directory = next_work_directory();
    if (ready_ && runs(*ready_)) {
        return *std::exchange(ready_, std::nullopt);
    }
    return start();
}

void jail_launcher::keep_ready() {
    keeps_ready_ = true;
    if (!ready_) {
        refill_soon();
    }
}

void jail_launcher::keep_waiting(std::vector<isolation::jail_order> orders) {
    wanted_ = std::move(orders);
    std::erase_if(waiting_, [&](const waiting_jail& one) {
        const bool wanted = std::find(wanted_.begin(), wanted_.end(), one.order) != wanted_.end();
        if (!wanted) {
            close_all(one.jail);
        }
        return !wanted;
    });
    if (waiting_.size() < wanted_.size()) {
        refill_soon();
    }
}

void jail_launcher::refill_soon() {
    if ((!keeps_ready_ && wanted_.empty()) || refilling_) {
        return;
    }
    refilling_ = true;
    timer_.expires_after(refill_delay);
    timer_.async_wait([this, alive = alive_](const boost::system::error_code& failed) {
        if (failed || !*alive) {
            return;
        }
        refilling_ = false;
        refill();
    });
}

// When it fails, take() tells why.
void jail_launcher::refill() {
    if (keeps_ready_ && !ready_) {
        if (auto jail = start()) {
            ready_ = *jail;
        }
    }
    for (const auto& order : wanted_) {
        if (std::none_of(waiting_.begin(), waiting_.end(),
                         [&](const auto& one) { return one.order == order; })) {
            start_waiting(order);
        }
    }
}

void jail_launcher::start_waiting(const isolation::jail_order& order) {
    auto jail = start();
    if (!jail) {
        return;
    }
    auto sent = order;
    sent.work_directory = next_work_directory();
    const auto message = isolation::message_to_jail(sent);
    const auto count = ::send(jail->control, message.data(), message.size(), MSG_NOSIGNAL);
    if (count != static_cast<ssize_t>(message.size())) {
        close_all(*jail);  // larger than a socket's buffer: functions start without
        return;
    }
    waiting_.push_back({*jail, order, std::move(sent.work_directory)});
}

}  // namespace evergrass::edge::functions
