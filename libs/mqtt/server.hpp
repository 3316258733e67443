#pragma once

#include "libs/base/log.hpp"
#include "libs/mqtt/server_options.hpp"
#include "libs/mqtt/types.hpp"
#include "libs/rt/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

class server_connection;

// What the owner of a server decides. All calls come on the server's executor, one at a time; they
// must not block. The library has checked the protocol already: topics and filters are well-formed.
class server_handler {
public:
    virtual ~server_handler() = default;

    // CONNECT arrived. Anything but `accepted` is sent as CONNACK and the connection closed; what
    // was published to it meanwhile is dropped with it.
    // A connection of the same client id that exists is closed (MQTT-3.1.4-2) after this accepts.
    virtual connect_code on_connect(server_connection& from, const connect_info& info) = 0;

    // PUBLISH arrived. True acknowledges it; false closes the connection (call close() before, to
    // give a reason). The payload is valid during the call only.
    virtual bool on_publish(server_connection& from, const publish_view& message) = 0;

    // One filter of a SUBSCRIBE: the granted QoS, or nullopt for a failure code.
    virtual std::optional<qos> on_subscribe(server_connection& from, std::string_view filter,
                                            qos wanted) = 0;
    virtual void on_unsubscribe(server_connection& from, std::string_view filter) = 0;

    // The last call for a connection that on_connect accepted; never from within another call of
    // yours, except stop(). After a take-over it comes when the new connection has been accepted.
    // Not made by ~server. `clean`: the client sent DISCONNECT,
    // so there is no will to publish.
    virtual void on_disconnect(server_connection& from, bool clean, std::string_view reason) = 0;
};

// One client's connection. Valid from on_connect until on_disconnect returns; use on the server's
// executor only.
class server_connection {
public:
    virtual ~server_connection() = default;
    virtual const connect_info& info() const = 0;
    virtual const std::optional<rt::peer_certificate>& peer() const = 0;
    virtual const std::string& remote_address() const = 0;

    // Queues a message. QoS 1 is held until PUBACK and sent again by nobody: sessions that outlive
    // a connection belong to the owner. `queue_full` when `max_queued_bytes` would be passed: the
    // message is not taken, and the connection stays. A payload over 1 KiB is shared, not copied.
    virtual send_result publish(std::string_view topic, std::shared_ptr<const std::string> payload,
                                qos level, bool retain) = 0;

    // Sends what is queued as far as the socket takes it at once, then closes. on_disconnect
    // follows.
    virtual void close(std::string_view reason) = 0;

    // A place for the owner's own state of this connection.
    std::shared_ptr<void> context;
};

// Speaks MQTT 3.1.1 with clients on connections that someone else accepted; 5.0 is refused with
// CONNACK 1 until it is complete. QoS 0 and 1. Protocol violations close the connection with a log
// line that names the rule, e.g. [MQTT-3.8.3-3].
class server {
public:
    server(boost::asio::any_io_executor executor, server_options options, server_handler& handler,
           logger log);
    ~server();

    void serve(rt::secure_connection connection);
    void serve(rt::plain_connection connection);
    std::size_t connections() const;
    // The connection of a client id that on_connect accepted, or null.
    server_connection* find(std::string_view client_id) const;
    void stop();  // closes all

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::mqtt
