#pragma once

#include "edge/functions/worker_process.hpp"
#include "edge/isolation/jail_order.hpp"

#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge::functions {

// Starts jails (apps/jail), each of which waits for its order. One is kept ready: on version 1 of
// control groups the kernel takes several milliseconds to move a process into one. Others go
// further: in them an interpreter waits for whichever function comes. One executor.
class jail_launcher {
public:
    // `program`: evergrass-jail. `work_directory`: where each jail has a directory of its own while
    // it runs; what an earlier core left there is removed.
    jail_launcher(boost::asio::any_io_executor executor, child_watcher& watcher,
                  std::filesystem::path program, std::filesystem::path work_directory);
    ~jail_launcher();

    // A started jail, which the watcher watches already. The order's work directory is set here;
    // `order` is sent when its process is made (worker_process::start_jailed). `waiting`: what
    // would serve it while it waits (keep_waiting); taken if there is one.
    result<spawned> take(isolation::jail_order& order,
                         const std::optional<isolation::jail_order>& waiting);

    // One more is started before it is asked for, from now on.
    void keep_ready();

    // One jail with each of these orders is started before it is asked for, from now on, and again
    // when it was taken; those that wait with another are ended. Each has jail_order::waits, and no
    // work directory.
    void keep_waiting(std::vector<isolation::jail_order> orders);

private:
    struct waiting_jail {
        spawned jail;
        isolation::jail_order order;
        std::string work_directory;
    };
    result<spawned> start();
    void refill_soon();
    void refill();
    void start_waiting(const isolation::jail_order& order);
    std::string next_work_directory();
    void forget_ready();
    void forget(pid_t ended);

    boost::asio::any_io_executor executor_;
    child_watcher& watcher_;
    std::filesystem::path program_;
    std::filesystem::path work_directory_;
    boost::asio::steady_timer timer_;
    std::uint64_t next_ = 1;  // names control groups and work directories
    bool keeps_ready_ = false;
    bool refilling_ = false;
    std::optional<spawned> ready_;
    std::vector<isolation::jail_order> wanted_;
    std::vector<waiting_jail> waiting_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace evergrass::edge::functions
