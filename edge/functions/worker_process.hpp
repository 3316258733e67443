#pragma once

#include "edge/functions/spawn.hpp"
#include "edge/isolation/jail_order.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <functional>
#include <map>
#include <memory>

namespace evergrass::edge::functions {

// Reaps the children it was told of, and no others: the core may have more. When one ends, what is
// left of its process group is killed before its pid can be used again.
class child_watcher {
public:
    using on_end = std::function<void(std::string reason)>;  // "exit status 1", "signal 9 (Killed)"

    explicit child_watcher(boost::asio::any_io_executor executor);
    ~child_watcher();  // kills and reaps those that still run

    // Takes the place of what was said of the pid before. `stop`: the signal by which the process
    // ends at once, having cleaned up.
    void watch(pid_t pid, on_end ended, int stop = SIGKILL);

private:
    void wait();
    void reap();

    boost::asio::signal_set signals_;
    struct child {
        on_end ended;
        int stop = SIGKILL;
    };
    std::map<pid_t, child> children_;
    std::shared_ptr<bool> alive_;
};

// By which evergrass-jail ends all that is in it, and removes what it made.
constexpr int stop_signal_of_jails = SIGUSR1;

// One running worker: its log lines and its end. Calls back on the executor.
class worker_process {
public:
    struct callbacks {
        std::function<void(log_level, std::string_view line)> line;
        // After the last line. The object may be destroyed in it.
        child_watcher::on_end ended;
    };

    static result<std::unique_ptr<worker_process>> start(boost::asio::any_io_executor executor,
                                                         child_watcher& watcher,
                                                         const spawn_options& options,
                                                         callbacks calls);
    // Sends the order to a jail that waits for it (jail_launcher::take).
    static std::unique_ptr<worker_process> start_jailed(boost::asio::any_io_executor executor,
                                                        child_watcher& watcher, const spawned& jail,
                                                        const isolation::jail_order& order,
                                                        callbacks calls);
    ~worker_process();  // no call-back afterwards; the watcher still reaps it

    // Of the function's process; of the jail's supervisor as long as it isn't known.
    pid_t pid() const;
    // After its end: did the kernel kill in its jail for want of memory?
    bool out_of_memory() const;
    // Gives the lines that the process has written by now, without waiting for more.
    void read_written();
    void terminate();  // SIGTERM to it, and as kill() after 2 s
    void kill();       // ends the process and all that it started, at once

private:
    class implementation;
    explicit worker_process(std::shared_ptr<implementation> implementation);
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge::functions
