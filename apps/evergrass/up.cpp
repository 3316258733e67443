#include "apps/evergrass/up.hpp"

#include "apps/evergrass/directory_lock.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/up_session.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <exception>
#include <signal.h>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// Children of an `up` that was killed are stopping; the supervisor gives each of two 15 s.
constexpr std::chrono::seconds earlier_run_limit{30};

// Why `up` has to stop before its work is done: a signal, or a child that died.
struct stop_request {
    explicit stop_request(const asio::any_io_executor& executor) : changed(executor) {}

    bool wanted() const { return signal_number != 0 || !failure.empty(); }

    event changed;
    int signal_number = 0;
    std::string failure;
};

result<void> prepare_directory(const up_paths& paths) {
    auto made = make_directories(paths.directory, 0700);
    for (const auto* folder : {&paths.log, &paths.devices, &paths.core_certs}) {
        if (made) {
            made = make_directories(*folder, folder == &paths.core_certs ? 0755 : 0700);
        }
    }
    return made ? made : with_context(made.error(), "--dir " + paths.directory.string());
}

// The first signal stops everything in order, the second one at once.
void watch_signals(asio::signal_set& signals, stop_request& stop, supervisor& children) {
    signals.async_wait([&](const boost::system::error_code& failed, int number) {
        if (failed) {
            return;
        }
        if (stop.wanted()) {
            children.kill_all();
        } else {
            stop.signal_number = number;
            stop.changed.notify();
        }
        watch_signals(signals, stop, children);
    });
}

// A fault of ours must not leave children behind or end without a word.
asio::awaitable<result<void>> run_guarded(up_session& session) {
    try {
        co_return co_await session.run();
    } catch (const std::exception& e) {
        co_return error{{}, std::string("Unexpected: ") + e.what()};
    }
}

asio::awaitable<void> wait_for_stop(stop_request& stop) {
    co_await stop.changed.wait([&stop] { return stop.wanted(); }, mono_time::max());
}

int status_of(const stop_request& stop, const result<void>* finished, bool once, progress& shown) {
    if (!stop.failure.empty()) {
        shown.fail(stop.failure);
        return 1;
    }
    if (stop.signal_number != 0) {
        return once ? 128 + stop.signal_number : 0;
    }
    if (!*finished) {
        shown.fail(failure_text(finished->error()));
        return 1;
    }
    return 0;
}

asio::awaitable<void> run_all(up_session& session, stop_request& stop, supervisor& children,
                              asio::signal_set& signals, const up_options& options, progress& shown,
                              int& status) {
    using namespace asio::experimental::awaitable_operators;
    auto first = co_await (run_guarded(session) || wait_for_stop(stop));
    status = status_of(stop, std::get_if<0>(&first), options.once, shown);
    stop.signal_number = SIGTERM;  // from here on a signal is the second one
    if (children.any_running()) {
        shown.stopping();
        co_await children.stop_all();
    }
    signals.cancel();
}

}  // namespace

int run_up(const up_options& wanted) {
    up_options options = wanted;
    progress shown(options.json);
    std::error_code failed;
    options.directory = std::filesystem::absolute(options.directory, failed).lexically_normal();
    const auto prepared = prepare_directory(up_paths(options.directory));
    if (!prepared) {
        shown.fail(failure_text(prepared.error()));
        return 1;
    }
    const auto lock = directory_lock::take_or_wait(options.directory, earlier_run_limit, [&shown] {
        shown.note("Waiting for the processes of an earlier run to end.");
    });
    if (!lock) {
        shown.fail(lock.error().context);
        return 1;
    }
    int status = 1;
    asio::io_context io{1};
    stop_request stop(io.get_executor());
    asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
    supervisor children(io.get_executor(), [&stop](std::string why) {
        if (!stop.wanted()) {
            stop.failure = std::move(why);
            stop.changed.notify();
        }
    });
    up_session session(io.get_executor(), options, children, shown);
    watch_signals(signals, stop, children);
    asio::co_spawn(io, run_all(session, stop, children, signals, options, shown, status),
                   [&io](std::exception_ptr thrown) {
                       io.stop();
                       if (thrown) {
                           std::rethrow_exception(thrown);
                       }
                   });
    io.run();
    return status;
}

}  // namespace evergrass::cli
