#pragma once

#include "edge/spooler/spooler.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/client.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace evergrass::edge {

struct sender_settings {
    // Messages that the cloud has not acknowledged yet. AWS IoT Core takes 100 of a connection.
    std::size_t window = 100;
    // Topics and payloads of those; one alone may be larger.
    std::uint64_t window_bytes = 2 * 1024 * 1024;
};

// Takes messages from the spooler to an MQTT connection at QoS 1, in order, several in flight, and
// tells the spooler of each that the cloud has. What is in flight when the connection is lost stays
// with the client, which sends it first on the next one, in order, marked as MQTT demands. One
// executor.
class sender {
public:
    // Both must outlive this. REQUIRES: the client's max_inflight is the window's, and its queue
    // larger than window_bytes and a message.
    sender(mqtt::client& client, spooler& queue, sender_settings settings, logger log);
    ~sender();
    sender(const sender&) = delete;
    sender& operator=(const sender&) = delete;

    // A message that was taken and is refused by the cloud for good.
    std::function<void(std::string_view topic)> on_refused;

    // Sends what the window has room for. When the connection is there, when a message came, when
    // the spooler is ready.
    void pump();
    // Before the client's: what it gives back then is the spooler's to save or to count.
    void stop() { stopped_ = true; }

    std::size_t in_flight() const { return in_flight_; }
    std::uint64_t delivered() const { return delivered_; }  // since the start

private:
    void outcome(std::uint64_t number, std::uint64_t bytes, std::string_view topic,
                 const result<mqtt::acknowledgement>& answer);

    mqtt::client& client_;
    spooler& queue_;
    const sender_settings settings_;
    const logger log_;
    std::size_t in_flight_ = 0;
    std::uint64_t bytes_in_flight_ = 0;
    std::uint64_t delivered_ = 0;
    bool pumping_ = false;
    bool stopped_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace evergrass::edge
