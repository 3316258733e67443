#pragma once

#include "edge/router/router.hpp"
#include "libs/mqtt/policy.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

namespace evergrass::edge {

// Carries devices' messages from the MQTT server's threads to the core's executor, where the sinks
// of functions and of the cloud live: those of one source in their order, with one post for all
// that comes until the executor gets there, and no lock. A publisher is acknowledged once the sink
// has taken or dropped its message and lets its receipt go.
class hand_over : public std::enable_shared_from_this<hand_over> {
public:
    // Of topics and payloads on their way; what comes on top is dropped as core_busy. Publishers of
    // QoS 1 and 2 wait for their acknowledgement long before.
    static constexpr std::size_t max_bytes = 16 * 1024 * 1024;

    hand_over(boost::asio::any_io_executor executor, router& messages);
    ~hand_over();
    hand_over(const hand_over&) = delete;
    hand_over& operator=(const hand_over&) = delete;

    // Any thread; what it returns keeps this alive. `ways`: the subscriptions that lead there,
    // which are counted when the sink has taken a message.
    std::shared_ptr<mqtt::external_target> to(const endpoint& target,
                                              std::span<const way_number> ways = {});

    // On the executor: hands over what has come, and drops what comes later as core_stopped.
    void close();

private:
    class way;
    struct destination;
    struct parcel;

    void push(std::unique_ptr<parcel> one);
    void drain();
    parcel* take_all();

    boost::asio::any_io_executor executor_;
    router& router_;
    std::atomic<parcel*> newest_{nullptr};
    std::atomic<std::size_t> bytes_{0};
    std::atomic<bool> closed_{false};
};

}  // namespace evergrass::edge
