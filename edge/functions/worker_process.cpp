#include "edge/functions/worker_process.hpp"

#include "edge/functions/line_splitter.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <cstring>
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
    for (const auto& [pid, ended] : children_) {
        ::kill(-pid, SIGKILL);
    }
    for (const auto& [pid, ended] : children_) {
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
}

void child_watcher::watch(pid_t pid, on_end ended) {
    children_.emplace(pid, std::move(ended));
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
        ended.emplace_back(std::move(child->second), describe(info));
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
        : pid_(child.pid), calls_(std::move(calls)), kill_timer_(executor) {
        for (std::size_t i = 0; i < child.logs.size(); ++i) {
            pipes_.push_back(std::make_unique<pipe>(executor, child.logs[i], log_pipes[i].level));
        }
    }

    void run(child_watcher& watcher) {
        for (auto& p : pipes_) {
            read(*p);
        }
        watcher.watch(pid_, [weak = weak_from_this()](std::string reason) {
            if (const auto self = weak.lock()) {
                self->ended(std::move(reason));
            }
        });
    }

    void detach() {
        calls_ = {};
        for (auto& p : pipes_) {
            p->stream.close();
        }
        kill_timer_.cancel();
    }

    pid_t pid() const { return pid_; }

    void read_written() {
        for (auto& p : pipes_) {
            read_what_is_there(*p);
        }
    }

    void terminate() {
        signal(SIGTERM);
        kill_timer_.expires_after(grace);
        kill_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& code) {
            if (const auto self = weak.lock(); self && !code) {
                self->signal(SIGKILL);
            }
        });
    }

    void signal(int number) {
        if (!reaped_) {
            ::kill(-pid_, number);
        }
    }

private:
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

    pid_t pid_;
    bool reaped_ = false;
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

worker_process::worker_process(std::shared_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

worker_process::~worker_process() {
    implementation_->detach();
}

pid_t worker_process::pid() const {
    return implementation_->pid();
}

void worker_process::read_written() {
    implementation_->read_written();
}

void worker_process::terminate() {
    implementation_->terminate();
}

void worker_process::kill() {
    implementation_->signal(SIGKILL);
}

}  // namespace evergrass::edge::functions
