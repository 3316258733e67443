#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <mutex>
#include <string>

namespace evergrass::cloud {

// Ends what an access key has open when its time is over: a rotated one's, at the end of its grace.
// Requests need no such thing, since each is held against the key. Any thread.
class expired_keys {
public:
    // Waits on `executor`, a pool for what blocks. What is passed by reference outlives stop().
    expired_keys(store& state, const clock& time, const boost::asio::any_io_executor& executor,
                 std::function<void(const std::string& access_key_id)> cut_off, logger log);

    // Cuts off whose time came since the last look, and looks again when the next one's comes. Once
    // at the start, and whenever a key got an end.
    void look();
    // Before its executor ends.
    void stop();

private:
    void wait(std::chrono::milliseconds until_next);

    store& state_;
    const clock& time_;
    const std::function<void(const std::string&)> cut_off_;
    const logger log_;
    std::mutex mutex_;
    wall_time looked_;
    bool stopped_ = false;
    boost::asio::steady_timer timer_;
};

}  // namespace evergrass::cloud
