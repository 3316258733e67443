#pragma once

#include "edge/functions/worker_process.hpp"
#include "edge/isolation/jail_order.hpp"

#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace evergrass::edge::functions {

// Starts jails (apps/jail), each of which waits for its order. One is kept ready: on version 1 of
// control groups the kernel takes several milliseconds to move a process into one. One executor.
class jail_launcher {
public:
    // `program`: evergrass-jail. `work_directory`: where each jail has a directory of its own while
    // it runs; what an earlier core left there is removed.
    jail_launcher(boost::asio::any_io_executor executor, child_watcher& watcher,
                  std::filesystem::path program, std::filesystem::path work_directory);
    ~jail_launcher();

    // A started jail, which the watcher watches already. The order's work directory is set here;
    // `order` is sent when its process is made (worker_process::start_jailed).
    result<spawned> take(isolation::jail_order& order);

    // One more is started before it is asked for, from now on.
    void keep_ready();

private:
    result<spawned> start();
    void refill_soon();
    void forget_ready();

    boost::asio::any_io_executor executor_;
    child_watcher& watcher_;
    std::filesystem::path program_;
    std::filesystem::path work_directory_;
    boost::asio::steady_timer timer_;
    std::uint64_t next_ = 1;  // names control groups and work directories
    bool keeps_ready_ = false;
    bool refilling_ = false;
    std::optional<spawned> ready_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace evergrass::edge::functions
