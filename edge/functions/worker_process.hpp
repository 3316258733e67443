#pragma once

#include "edge/functions/spawn.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

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

    void watch(pid_t pid, on_end ended);

private:
    void wait();
    void reap();

    boost::asio::signal_set signals_;
    std::map<pid_t, on_end> children_;
    std::shared_ptr<bool> alive_;
};

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
    ~worker_process();  // no call-back afterwards; the watcher still reaps it

    pid_t pid() const;
    // Gives the lines that the process has written by now, without waiting for more.
    void read_written();
    void terminate();  // SIGTERM to the process group, SIGKILL after 2 s
    void kill();       // SIGKILL to the process group

private:
    class implementation;
    explicit worker_process(std::shared_ptr<implementation> implementation);
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge::functions
