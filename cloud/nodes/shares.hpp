#pragma once

#include "cloud/bus/bus.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/share_exchange.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace evergrass::cloud {

// Shared subscriptions of a service that is one of several (docs/scale.md): in which of them it
// takes part at the bus, as long as somebody is connected here who shares, and what has its turn
// here. Any thread, but for begin() and stop().
class shares final : public mqtt::share_exchange {
public:
    // To the hub. On the bus's threads; must not block.
    using taker = std::function<void(const std::string& filter, mqtt::message_ptr message,
                                     mqtt::share_turn_ptr turn)>;

    // `between` outlives it.
    shares(bus& between, logger log);
    ~shares() override;
    shares(const shares&) = delete;
    shares& operator=(const shares&) = delete;

    // Before anybody joins.
    void begin(taker take);
    void joined(const std::string& filter, const std::string& client_id, bool kept,
                const mqtt::receipt& ready) override;
    void left(const std::string& filter, const std::string& client_id) override;
    // Each share has two threads of the bus's library: there are 500 at most, but for those of
    // sessions that come back.
    static constexpr std::size_t most = 500;
    bool has_room();
    // Each second: what the bus could not do is tried again.
    void look();
    // Everybody has left. The bus may call until it is stopped.
    void stop();

private:
    struct group {
        std::map<std::string, bool> members;  // client ids; whether their session is kept
        bool is_shared = false;
        bool is_kept = false;
        std::vector<mqtt::receipt> waiting;
    };

    void settle(const std::string& filter);
    void hear(const std::string& filter, std::string_view bytes, mqtt::share_turn_ptr turn) const;

    bus& bus_;
    const logger log_;
    taker take_;
    std::mutex mutex_;
    std::map<std::string, group> groups_;  // by filter
    bool stopped_ = false;
    boost::asio::thread_pool worker_{1};  // waits for the bus
};

}  // namespace evergrass::cloud
