#pragma once

#include "libs/base/log.hpp"
#include "libs/mqtt/client_types.hpp"
#include "libs/mqtt/types.hpp"
#include "libs/rt/stream.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

struct client_options : client_session_options {
    rt::dial_options endpoint;
    // Asked at each attempt, so that certificates changed on disk are taken up. Null: plain TCP.
    std::function<result<std::shared_ptr<rt::tls_context>>()> tls;
    std::chrono::milliseconds first_retry{200};   // doubled, with jitter, up to:
    std::chrono::milliseconds max_retry{60'000};  // V1's mqttMaxConnectionRetryInterval
};

// Of all connections of a client: bytes of MQTT, without those of TLS.
struct client_traffic {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;  // handed to the operating system
};

// A client that stays connected: dials, subscribes again after each reconnect unless the server
// kept the session, sends what waits. MQTT 3.1.1 and 5.0. All calls and callbacks on the executor
// it was made with.
//
// Errors are errc's; their text has the server's own reason: "the server refused the subscription
// to 'a/#': SUBACK 0x87 not authorized: REASON STRING".
class client {
public:
    client(boost::asio::any_io_executor executor, client_options options, logger log);
    ~client();  // closes without DISCONNECT when stop() was not called

    // Set before start(). on_state: true after CONNACK, false with the reason when the link is lost
    // or an attempt fails. The message's properties: read_properties(message.properties).
    std::function<void(const publish_view&)> on_message;
    std::function<void(bool connected, std::string_view reason)> on_state;

    void start();
    // Sends DISCONNECT when connected; what waits is dropped. 5.0: with disconnect_with_will the
    // server publishes the will; 3.1.1 cannot say so, and it does not.
    void stop(reason code = reason::success);
    // Ends the connection, if there is one, and makes another at once, by a new call of
    // client_options::tls. What waits for an acknowledgement is kept, as after a loss.
    void reconnect(std::string_view why);
    bool connected() const;
    // What the server said at the last connection that it accepted.
    const connection_info& server() const;
    const client_traffic& traffic() const;

    // Remembered and made again in each new session, with the retained messages that that brings.
    // `done` (may be empty) gets the first answer. What the server refuses, or says it cannot do,
    // is asked for again at the next connection.
    void subscribe(std::string filter, subscribe_options options, granted_callback done);
    void subscribe(std::string filter, qos level, granted_callback done);
    void unsubscribe(std::string_view filter, unsubscribed_callback done = {});

    // QoS 0: `done` when written. QoS 1 and 2: when the server has taken it for good; kept over
    // reconnects, in order. If the server lost the session meanwhile, it gets what it had not yet
    // acknowledged as new: QoS 2 can then double, as the standard has it, and what it had
    // acknowledged with PUBREC counts as taken.
    // queue_full, not_connected (QoS 0 only, or stopped): nothing was taken and `done` is not
    // called. `done` gets an error, and the message is dropped, when it is impossible, larger than
    // max_packet_bytes or what the server takes, needs what the server does not do (QoS, retain),
    // expired while it waited, or was refused. A missing acknowledgement ends the connection after
    // operation_timeout and is waited for on the next one.
    send_result publish(std::string topic, std::shared_ptr<const std::string> payload,
                        publish_options options, published_callback done);
    send_result publish(std::string topic, std::shared_ptr<const std::string> payload, qos level,
                        published_callback done);

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::mqtt
