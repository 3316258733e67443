#pragma once

#include "apps/evergrass/child_process.hpp"
#include "apps/evergrass/event.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <string>
#include <vector>

namespace evergrass::cli {

// Starts child processes, notices when one ends, stops them in reverse order. Needs SIGCHLD for
// itself. One executor; must outlive the io_context's run.
class supervisor {
public:
    // `died` is told when a child ends that nobody asked to: which, how, and the tail of its log.
    supervisor(boost::asio::any_io_executor executor, std::function<void(std::string why)> died);
    // Whatever still runs is killed: a supervisor leaves nothing behind.
    ~supervisor();

    result<pid_t> start(child_options options);

    bool any_running() const;

    // SIGTERM to each, the last started first, and waits for its end; SIGKILL after 15 s. Returns
    // when none is left.
    boost::asio::awaitable<void> stop_all();

    // SIGKILL to all and everything in their process groups: the user's second Ctrl-C.
    void kill_all();

private:
    struct child {
        child_options options;
        pid_t pid = 0;
        bool running = true;
    };

    void watch();
    void reap();

    boost::asio::signal_set child_signals_;
    event child_ended_;
    std::function<void(std::string)> died_;
    std::vector<child> children_;
    bool stopping_ = false;
};

}  // namespace evergrass::cli
