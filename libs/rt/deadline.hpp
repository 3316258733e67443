#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace evergrass::rt {

// Calls `expired` when an armed time is up, typically to close the socket that a coroutine waits
// on. Never calls it after disarm(), after arming anew or after its own destruction, even when the
// timer had fired already: so `expired` may refer to what lives longer than the deadline itself.
// Lives on one executor.
class deadline {
public:
    deadline(const boost::asio::any_io_executor& executor, std::function<void()> expired);
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    void arm(std::chrono::nanoseconds limit);
    void disarm();         // the timer itself may go off once more, with no effect
    bool expired() const;  // since the last arm()

private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace evergrass::rt
