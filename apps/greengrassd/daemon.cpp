#include "apps/greengrassd/daemon.hpp"

#include "apps/greengrassd/core.hpp"
#include "apps/greengrassd/link_protection.hpp"
#include "apps/greengrassd/memory_protection.hpp"
#include "apps/greengrassd/pid_file.hpp"
#include "apps/greengrassd/start_report.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/base/open_files.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <unistd.h>

namespace evergrass::greengrassd {
namespace {

namespace asio = boost::asio;

constexpr std::size_t runtime_log_bytes = 128 * 1024;  // V1's default space (spec/core.md §15)
constexpr std::size_t runtime_log_files = 8;

// Holds the lock of one root for as long as it lives; the kernel lets go when the process ends.
class root_lock {
public:
    root_lock() = default;
    root_lock(const root_lock&) = delete;
    root_lock& operator=(const root_lock&) = delete;
    ~root_lock() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    result<void> take(const std::filesystem::path& state) {
        if (auto made = make_directories(state, 0755); !made) {
            return made;
        }
        const auto path = state / "core.lock";
        fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd_ < 0) {
            return errno_error("cannot open " + path.string());
        }
        if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
            return error{errc::conflict, "another core runs on this root (" + path.string() +
                                             " is locked): stop it first"};
        }
        return {};
    }

private:
    int fd_ = -1;
};

// The pid file, from before the first function starts until all have ended: `stop` finds a core
// that is still at it.
class noted_pid {
public:
    noted_pid() = default;
    noted_pid(const noted_pid&) = delete;
    noted_pid& operator=(const noted_pid&) = delete;
    ~noted_pid() {
        if (directory_) {
            remove_pid_file(*directory_, ::getpid());
        }
    }

    result<void> note(const std::filesystem::path& directory) {
        directory_ = directory;
        return write_pid_file(directory, ::getpid());
    }

private:
    std::optional<std::filesystem::path> directory_;
};

result<logger> open_log(const daemon_options& options, const edge::core_config& config) {
    auto file = logger::to_file((config.write_directory / "var/log/system/runtime.log").string(),
                                options.least, runtime_log_bytes, runtime_log_files);
    if (!file || !options.foreground) {
        return file;
    }
    return logger::tee(*file, logger::to_stderr(options.least));
}

void log_banner(const logger& log, const daemon_options& options, const edge::core_config& config) {
    log.info("Greengrass starting.",
             {{"Evergrass Version", EVERGRASS_VERSION},
              {"Greengrass Root", options.root.string()},
              {"Greengrass Write Directory", config.write_directory.string()},
              {"Group File Directory", (config.write_directory / "deployment/group").string()},
              {"thing", config.thing_name}});
    for (const auto& name : config.without_effect) {
        log.warn("config.json: a member has no effect in this version.", {{"member", name}});
    }
    if (const auto guarded = check_link_protection(); !guarded) {
        log.warn("Link protection is off.", {{"reason", guarded.error()}});
    }
}

// Each connection of the local MQTT server is an open file; the rest is for functions, logs and
// packages. Functions inherit what is set here.
void raise_file_limit(const edge::core_config& config, const logger& log) {
    constexpr std::uint64_t others = 512;
    const std::uint64_t wanted = config.mqtt.limits.max_connections + others;
    if (const auto allowed = allow_open_files(wanted); allowed < wanted) {
        log.warn("There may not be as many open files as mqttLimits.connections needs.",
                 {{"allowed", static_cast<std::int64_t>(allowed)},
                  {"needed", static_cast<std::int64_t>(wanted)},
                  {"next", "raise the hard limit (ulimit -Hn), or lower the setting"}});
    }
}

// V1 kept what ended a core in a file of its own, which is looked at when there is no other log.
void note_crash(const std::filesystem::path& write_directory, const std::string& reason) {
    const auto crash = logger::to_file((write_directory / "var/log/crash.log").string(),
                                       log_level::debug, runtime_log_bytes, 2);
    if (crash) {
        crash->fatal(reason + " The Greengrass daemon process with [pid = " +
                     std::to_string(::getpid()) + "] died.");
    }
}

// One run of the core. Everything that has to be undone is undone by run().
class running_core {
public:
    running_core(const daemon_options& options, edge::core_config config, logger log)
        : options_(options),
          config_(std::move(config)),
          log_(std::move(log)),
          signals_(io_, SIGTERM, SIGINT),
          core_(io_, config_, {options.runtime_dir, options.jail_program}, log_) {}

    result<void> run() {
        if (auto opened = core_.open(); !opened) {
            return opened;
        }
        signals_.async_wait([this](const boost::system::error_code& failed, int) {
            if (!failed) {
                log_.info("Stopping.");
                stop_requested_ = true;
                cancel();
            }
        });
        asio::co_spawn(io_, live(), [this](const std::exception_ptr& broken) { broken_ = broken; });
        io_.run();
        std::error_code ignored;
        std::filesystem::remove(ready_path(), ignored);
        if (broken_) {
            std::rethrow_exception(broken_);
        }
        return outcome_;
    }

private:
    asio::awaitable<void> live() {
        auto failures = co_await core_.boot();
        outcome_ = announce();
        if (outcome_) {
            report(failures.empty() ? start_outcome::ready : start_outcome::partial, "");
            if (!stop_requested_) {
                co_await asio::co_spawn(
                    io_, core_.run(),
                    asio::bind_cancellation_slot(stopping_.slot(), asio::use_awaitable));
            }
        }
        conversation_ended_ = true;
        repeat_.cancel();
        co_await core_.stop();
        log_.info("Stopped.");
        signals_.cancel();
        io_.stop();
    }

    // A cancellation reaches what waits at that moment, and an operation that was about to complete
    // takes it for nothing: it is repeated until the conversation with the service has ended.
    void cancel() {
        if (conversation_ended_) {
            return;
        }
        stopping_.emit(asio::cancellation_type::terminal);
        repeat_.expires_after(std::chrono::milliseconds(20));
        repeat_.async_wait([this](const boost::system::error_code& failed) {
            if (!failed) {
                cancel();
            }
        });
    }

    result<void> announce() {
        const json::object ready{
            {"pid", ::getpid()}, {"mqtt", core_.mqtt_endpoint()}, {"ipc", core_.ipc_endpoint()}};
        if (auto written = write_file_atomically(ready_path(), to_pretty_json(ready), 0644);
            !written) {
            return written;
        }
        log_.info("Greengrass is ready.",
                  {{"mqtt", core_.mqtt_endpoint()}, {"ipc", core_.ipc_endpoint()}});
        return {};
    }

    void report(start_outcome outcome, std::string_view reason) {
        if (options_.report_fd) {
            send_report(*options_.report_fd, outcome, reason);
            ::close(*options_.report_fd);
        }
    }

    std::filesystem::path ready_path() const {
        return config_.write_directory / "var/state/ready.json";
    }

    const daemon_options& options_;
    edge::core_config config_;
    logger log_;
    asio::io_context io_{1};
    asio::signal_set signals_;
    asio::cancellation_signal stopping_;
    asio::steady_timer repeat_{io_};
    bool stop_requested_ = false;
    bool conversation_ended_ = false;
    core core_;
    result<void> outcome_;
    std::exception_ptr broken_;
};

}  // namespace

int run_core(const daemon_options& options) {
    std::filesystem::path write_directory = options.root / "ggc";
    // Whatever ends the start is said where each kind of user looks: crash.log, `start`, the
    // terminal.
    const auto fail = [&](const std::string& reason) {
        note_crash(write_directory, reason);
        if (options.report_fd) {
            send_report(*options.report_fd, start_outcome::failed, reason);
        }
        if (options.foreground) {
            logger::to_stderr(log_level::info).fatal(reason);
        }
        return EXIT_FAILURE;
    };
    ::signal(SIGPIPE, SIG_IGN);
    ::umask(0022);
    auto config = edge::load_config(options.root);
    if (!config) {
        return fail(config.error().message());
    }
    write_directory = config->write_directory;
    root_lock lock;
    if (auto taken = lock.take(write_directory / "var/state"); !taken) {
        return fail(taken.error().message());
    }
    noted_pid noted;
    if (!options.foreground) {
        if (auto written = noted.note(config->pid_file_directory); !written) {
            return fail("Greengrass cannot start: " + written.error().message());
        }
    }
    auto log = open_log(options, *config);
    if (!log) {
        return fail(log.error().message());
    }
    log_banner(*log, options, *config);
    protect_memory(*log);
    warn_of_open_keys(*config, *log);
    raise_file_limit(*config, *log);
    try {
        const auto outcome = running_core(options, *config, *log).run();
        return outcome ? EXIT_SUCCESS
                       : fail("Greengrass cannot start: " + outcome.error().message());
    } catch (const std::exception& broken) {
        return fail(std::string("a defect in greengrassd ended it: ") + broken.what());
    }
}

}  // namespace evergrass::greengrassd
