#pragma once

#include "libs/mqtt/broker.hpp"
#include "libs/mqtt/channel.hpp"
#include "libs/mqtt/connection.hpp"
#include "libs/rt/mailbox.hpp"
#include "libs/rt/reactor.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace evergrass::mqtt {

// A client whose CONNECT has been read as far as its id.
struct arrival {
    channel socket;
    client_identity who;
    std::string client_id;  // empty: the first packet is no good CONNECT
    bool assigned = false;
    std::string received;  // all that has been read
};

// One thread that speaks MQTT: its loop, its broker, its connections.
class shard final : private rt::reactor::host {
public:
    // `sockets` goes down by one for each connection that has ended.
    shard(broker_shared shared, std::size_t index, std::atomic<std::size_t>& sockets);
    ~shard() override;
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    // Before start().
    broker& before_start() { return broker_; }
    void start();

    // Any thread. `work` and arrivals are dropped and destroyed once the shard has ended.
    void post(std::function<void(broker&)> work);
    void take(arrival client);
    bool is_this_thread() const;

    // From another thread: says goodbye to all clients, waits for at most a second until they have
    // gone, and ends the thread.
    void begin_stop();
    void end_stop();

private:
    void turn_begins() override;
    void turn_ends() override;

    const clock& time_;
    std::atomic<std::size_t>& sockets_;
    rt::reactor loop_;
    broker broker_;
    connection_set connections_;  // after its broker, which outlives links
    rt::timer deadline_;
    rt::timer stop_limit_;
    rt::mailbox<std::function<void(broker&)>> work_;
    std::vector<std::function<void(broker&)>> working_;
    rt::mailbox<arrival> arrivals_;
    std::vector<arrival> arriving_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace evergrass::mqtt
