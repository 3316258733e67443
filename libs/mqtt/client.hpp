#pragma once

#include "libs/base/log.hpp"
#include "libs/mqtt/types.hpp"
#include "libs/rt/stream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

struct client_options {
    rt::dial_options endpoint;
    // Asked at each attempt, so that certificates changed on disk are taken up. Null: plain TCP.
    std::function<result<std::shared_ptr<rt::tls_context>>()> tls;
    std::string client_id;
    bool clean_session = true;
    std::chrono::seconds keep_alive{600};  // V1's default (spec/core.md §3.1)
    std::chrono::milliseconds operation_timeout{
        5'000};                                   // SUBACK, PUBACK; V1's mqttOperationTimeout
    std::chrono::milliseconds first_retry{200};   // doubled, with jitter, up to:
    std::chrono::milliseconds max_retry{60'000};  // V1's mqttMaxConnectionRetryInterval
    std::size_t max_packet_bytes = 128 * 1024 + 1024;
    std::size_t max_inflight = 100;            // unacknowledged QoS 1 messages; more wait
    std::size_t max_queued_bytes = 2'621'440;  // waiting and unacknowledged
};

// A client that stays connected: dials, subscribes again after each reconnect, sends what waits.
// QoS 0 and 1, MQTT 3.1.1. All calls and callbacks on the executor it was made with.
class client {
public:
    client(boost::asio::any_io_executor executor, client_options options, logger log);
    ~client();  // closes without DISCONNECT when stop() was not called

    // Set before start(). on_state: true after CONNACK, false with the reason when the link is lost
    // or an attempt fails.
    std::function<void(const publish_view&)> on_message;
    std::function<void(bool connected, std::string_view reason)> on_state;

    void start();
    void stop();  // sends DISCONNECT when connected; what waits is dropped
    bool connected() const;

    // Remembered and made again after each reconnect. `done` (may be empty) gets the first answer.
    void subscribe(std::string filter, qos level, std::function<void(result<qos>)> done);
    void unsubscribe(std::string_view filter);

    // QoS 0: `done` when written. QoS 1: when acknowledged; kept over reconnects, in order.
    // queue_full, not_connected (QoS 0 only, or stopped): nothing was taken and `done` is not
    // called. An impossible topic or a message over max_packet_bytes: `done` gets the error at
    // once. A missing acknowledgement ends the connection after operation_timeout and is waited for
    // on the next one.
    send_result publish(std::string topic, std::shared_ptr<const std::string> payload, qos level,
                        std::function<void(result<void>)> done);

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::mqtt
