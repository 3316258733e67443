#pragma once

#include "libs/base/log.hpp"
#include "libs/db/postgres.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace evergrass::cloud {

// What one of several services does for all, is done by the one that has this: a lock in the store,
// which PostgreSQL gives to another one when the session of who has it ends. Asked for each second.
//
// After its session was lost a service may take itself for the one for a second while another one
// is: what is done under the lease is in transactions that look whether it is still to be done.
class lease {
public:
    lease(std::string store_url, logger log);
    ~lease();
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;

    // Any thread.
    bool is_held() const { return held_; }

private:
    void work();

    const std::string url_;
    const logger log_;
    std::atomic<bool> held_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::unique_ptr<db::serving_claim> claim_;  // the worker's own
    std::thread worker_;
};

}  // namespace evergrass::cloud
