#include "edge/functions/jail_launcher.hpp"

#include "edge/isolation/cgroup_home.hpp"

#include <unistd.h>
#include <utility>

namespace evergrass::edge::functions {

namespace {

// After one was taken: the function that took it starts meanwhile.
constexpr std::chrono::milliseconds refill_delay{100};

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
}

void jail_launcher::forget_ready() {
    if (ready_) {
        close_all(*std::exchange(ready_, std::nullopt));  // it ends by that
    }
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
                if (*alive && ready_ && ready_->pid == pid) {
                    forget_ready();
                }
            },
            stop_signal_of_jails);
    }
    return jail;
}

result<spawned> jail_launcher::take(isolation::jail_order& order) {
    order.work_directory = (work_directory_ / std::to_string(next_++)).string();
    if (!ready_) {
        refill_soon();
        return start();
    }
    const auto jail = *std::exchange(ready_, std::nullopt);
    refill_soon();
    return jail;
}

void jail_launcher::keep_ready() {
    keeps_ready_ = true;
    if (!ready_) {
        refill_soon();
    }
}

void jail_launcher::refill_soon() {
    if (!keeps_ready_ || refilling_) {
        return;
    }
    refilling_ = true;
    timer_.expires_after(refill_delay);
    timer_.async_wait([this, alive = alive_](const boost::system::error_code& failed) {
        if (failed || !*alive) {
            return;
        }
        refilling_ = false;
        if (!ready_) {
            // When it fails, take() tells why.
            if (auto jail = start()) {
                ready_ = *jail;
            }
        }
    });
}

}  // namespace evergrass::edge::functions
