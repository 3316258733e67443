#include "edge/functions/worker_process.hpp"

#include "edge/functions/line_splitter.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace evergrass::edge::functions {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds grace{2};  // from SIGTERM to SIGKILL
// Small, so that a worker that floods its log leaves the executor to others between the pieces.
constexpr std::size_t read_size = 4096;
// What is read of a pipe after its process has ended: more than a pipe holds. A grandchild that
// fled the process group can keep it open and writing.
constexpr std::size_t most_after_end = 1024 * 1024;

std::string describe(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) {
        return "exit status " + std::to_string(info.si_status);
    }
    return "signal " + std::to_string(info.si_status) + " (" + ::strsignal(info.si_status) + ")";
}

}  // namespace

child_watcher::child_watcher(asio::any_io_executor executor)
    : signals_(std::move(executor), SIGCHLD), alive_(std::make_shared<bool>(true)) {
    wait();
}

child_watcher::~child_watcher() {
    *alive_ = false;
    for (const auto& [pid, c] : children_) {
        ::kill(-pid, c.stop);
    }
    for (const auto& [pid, c] : children_) {
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
}

void child_watcher::watch(pid_t pid, on_end ended, int stop) {
    children_.insert_or_assign(pid, child{std::move(ended), stop});
}

void child_watcher::wait() {
    signals_.async_wait([this, alive = alive_](const boost::system::error_code& code, int) {
        if (!*alive || code) {
            return;
        }
        wait();
        reap();
    });
}

void child_watcher::reap() {
    std::vector<std::pair<on_end, std::string>> ended;
    for (auto child = children_.begin(); child != children_.end();) {
        siginfo_t info{};
        const auto pid = child->first;
        // The leader stays a zombie until its group is dead: its pid names the group.
        const int told =
            ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
        if (told != 0 || info.si_pid != pid) {
            ++child;
            continue;
        }
        ::kill(-pid, SIGKILL);
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
        ended.emplace_back(std::move(child->second.ended), describe(info));
        child = children_.erase(child);
    }
    for (const auto& [tell, reason] : ended) {
        tell(reason);
    }
}

class worker_process::implementation
    : public std::enable_shared_from_this<worker_process::implementation> {
public:
    implementation(const asio::any_io_executor& executor, const spawned& child, callbacks calls)
        : pid_(child.pid), function_(child.pid), calls_(std::move(calls)), kill_timer_(executor) {
        if (child.control >= 0) {
            control_.emplace(executor, child.control);
        }
        for (std::size_t i = 0; i < child.logs.size(); ++i) {
            pipes_.push_back(std::make_unique<pipe>(executor, child.logs[i], log_pipes[i].level));
        }
    }

    void run(child_watcher& watcher) {
        for (auto& p : pipes_) {
            read(*p);
        }
        watcher.watch(
            pid_,
            [weak = weak_from_this()](std::string reason) {
                if (const auto self = weak.lock()) {
                    self->ended(std::move(reason));
                }
            },
            control_ ? stop_signal_of_jails : SIGKILL);
    }

    void send(const isolation::jail_order& order) {
        order_ = message_to_jail(order);
        asio::async_write(*control_, asio::buffer(order_),
                          [self = shared_from_this()](const boost::system::error_code&,
                                                      std::size_t) { self->order_ = {}; });
        read_control();
    }

    void detach() {
        calls_ = {};
        for (auto& p : pipes_) {
            p->stream.close();
        }
        if (control_) {
            control_->close();
        }
        kill_timer_.cancel();
    }

    pid_t pid() const { return function_; }
    bool out_of_memory() const { return out_of_memory_; }

    void read_written() {
        for (auto& p : pipes_) {
            read_what_is_there(*p);
        }
    }

    void terminate() {
        signal(SIGTERM);
        later([](implementation& self) { self.kill(); });
    }

    // A jail's supervisor has to clean up; one that doesn't answer must not keep the function
    // alive.
    void kill() {
        if (!control_) {
            signal(SIGKILL);
            return;
        }
        signal(stop_signal_of_jails);
        later([](implementation& self) { self.signal(SIGKILL); });
    }

private:
    void signal(int number) {
        if (!reaped_) {
            ::kill(-pid_, number);
        }
    }

    void later(void (*act)(implementation&)) {
        kill_timer_.expires_after(grace);
        kill_timer_.async_wait(
            [weak = weak_from_this(), act](const boost::system::error_code& code) {
                if (const auto self = weak.lock(); self && !code) {
                    act(*self);
                }
            });
    }

    void read_control() {
        control_->async_read_some(
            asio::buffer(control_part_),
            [self = shared_from_this()](const boost::system::error_code& code, std::size_t n) {
                if (code || self->reaped_ || !self->calls_.ended) {
                    return;
                }
                self->take_control({self->control_part_.data(), n});
                self->read_control();
            });
    }

    // What the supervisor of the jail says (apps/jail/supervisor.hpp).
    void take_control(std::string_view bytes) {
        control_lines_.feed(bytes, [this](std::string_view line) {
            if (line == "oom") {
                out_of_memory_ = true;
            } else if (line.starts_with(pid_word)) {
                line.remove_prefix(pid_word.size());
                std::from_chars(line.data(), line.data() + line.size(), function_);
            }
        });
    }

    void drain_control() {
        std::array<char, 256> part;
        while (control_ && control_->is_open()) {
            const auto count = ::read(control_->native_handle(), part.data(), part.size());
            if (count <= 0) {
                break;
            }
            take_control({part.data(), static_cast<std::size_t>(count)});
        }
        if (control_) {
            control_->close();
        }
    }

    struct pipe {
        pipe(const asio::any_io_executor& executor, int fd, log_level l)
            : stream(executor, fd), level(l) {}
        asio::posix::stream_descriptor stream;
        log_level level;
        line_splitter lines;
        std::array<char, read_size> buffer{};
    };

    void read(pipe& p) {
        p.stream.async_read_some(asio::buffer(p.buffer),
                                 [self = shared_from_this(), &p](
                                     const boost::system::error_code& code, std::size_t count) {
                                     if (code || self->reaped_) {
                                         return;
                                     }
                                     self->take(p, {p.buffer.data(), count});
                                     if (p.stream.is_open()) {
                                         self->read(p);
                                     }
                                 });
    }

    void take(pipe& p, std::string_view bytes) {
        p.lines.feed(bytes, [&](std::string_view line) { give(p.level, line); });
    }

    void give(log_level level, std::string_view line) {
        if (calls_.line) {
            calls_.line(level, line);
        }
    }

    void ended(std::string reason) {
        reaped_ = true;
        kill_timer_.cancel();
        drain_control();
        for (auto& p : pipes_) {
            drain(*p);
        }
        if (const auto tell = std::move(calls_.ended)) {
            tell(std::move(reason));
        }
    }

    void read_what_is_there(pipe& p) {
        std::array<char, read_size> part;  // the pipe's own may be waited for
        std::size_t total = 0;
        while (p.stream.is_open() && total < most_after_end) {
            const auto count = ::read(p.stream.native_handle(), part.data(), part.size());
            if (count <= 0) {
                break;
            }
            total += static_cast<std::size_t>(count);
            take(p, {part.data(), static_cast<std::size_t>(count)});
        }
    }

    // What the process wrote last is what its user wants to read.
    void drain(pipe& p) {
        if (!p.stream.is_open()) {
            return;
        }
        read_what_is_there(p);
        p.lines.finish([&](std::string_view line) { give(p.level, line); });
        p.stream.close();
    }

    static constexpr std::string_view pid_word = "pid ";

    pid_t pid_;  // our child
    pid_t function_;
    bool reaped_ = false;
    bool out_of_memory_ = false;
    std::optional<asio::posix::stream_descriptor> control_;
    std::string order_;  // on its way
    std::array<char, 256> control_part_{};
    line_splitter control_lines_;
    callbacks calls_;
    std::vector<std::unique_ptr<pipe>> pipes_;
    asio::steady_timer kill_timer_;
};

result<std::unique_ptr<worker_process>> worker_process::start(asio::any_io_executor executor,
                                                              child_watcher& watcher,
                                                              const spawn_options& options,
                                                              callbacks calls) {
    const auto child = spawn(options);
    if (!child) {
        return child.error();
    }
    auto state = std::make_shared<implementation>(executor, *child, std::move(calls));
    state->run(watcher);
    return std::unique_ptr<worker_process>(new worker_process(std::move(state)));
}

std::unique_ptr<worker_process> worker_process::start_jailed(asio::any_io_executor executor,
                                                             child_watcher& watcher,
                                                             const spawned& jail,
                                                             const isolation::jail_order& order,
                                                             callbacks calls) {
    auto state = std::make_shared<implementation>(executor, jail, std::move(calls));
    state->run(watcher);
    state->send(order);
    return std::unique_ptr<worker_process>(new worker_process(std::move(state)));
}

worker_process::worker_process(std::shared_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

worker_process::~worker_process() {
    implementation_->detach();
}

pid_t worker_process::pid() const {
    return implementation_->pid();
}

bool worker_process::out_of_memory() const {
    return implementation_->out_of_memory();
}

void worker_process::read_written() {
    implementation_->read_written();
}

void worker_process::terminate() {
    implementation_->terminate();
}

void worker_process::kill() {
    implementation_->kill();
}

}  // namespace evergrass::edge::functions
