#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/codec.hpp"
#include "libs/mqtt/outbox.hpp"
#include "libs/mqtt/server_options.hpp"
#include "libs/mqtt/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace evergrass::mqtt {

// What a server's session asks of whoever runs it, while it reads.
class server_session_owner {
public:
    virtual ~server_session_owner() = default;
    virtual std::string make_client_id() = 0;  // for a client that sent none
    virtual connect_code on_connect(const connect_info& info) = 0;
    virtual bool on_publish(const publish_view& message) = 0;
    virtual std::optional<qos> on_subscribe(std::string_view filter, qos wanted) = 0;
    virtual void on_unsubscribe(std::string_view filter) = 0;
};

enum class close_cause {
    disconnect_packet,  // the client said goodbye
    owner,              // the server's owner wanted it
    violation,          // of the protocol, or of the server's limits
    timeout,
    transport,  // the connection itself broke
};

// The server's side of one MQTT connection: bytes and time in, bytes to write and decisions out. It
// owns no socket and no clock. Each packet flow is in a file of its own, server_*.cpp.
class server_session {
public:
    server_session(const server_options& options, server_session_owner& owner, mono_time opened);

    // Handles the whole packets at the start of `received` and says how many bytes that were. The
    // rest has to be passed again when more has come.
    std::size_t receive(std::string_view received, mono_time now);

    // As server_connection::publish.
    send_result publish(std::string_view topic, const std::shared_ptr<const std::string>& payload,
                        qos level, bool retain);

    // When on_time wants to be called at the latest; may lie further off at a later look.
    mono_time deadline() const;
    void on_time(mono_time now);

    // Ends the session: nothing is read or published from now on, and what is in output() may still
    // be written. The first call counts.
    void close(close_cause cause, std::string_view reason);
    bool closed() const { return cause_.has_value(); }
    close_cause cause() const { return *cause_; }  // REQUIRES: closed()
    const std::string& reason() const { return reason_; }

    bool connected() const { return connected_; }  // a CONNECT was accepted
    const connect_info& info() const { return info_; }
    outbox& output() { return output_; }

private:
    void handle(const frame& f);
    void handle_connect(const frame& f);
    void handle_publish(const frame& f);
    void handle_puback(const frame& f);
    void handle_subscribe(const frame& f);
    void handle_unsubscribe(const frame& f);
    void handle_pingreq(const frame& f);
    void handle_disconnect(const frame& f);

    void refuse_version(std::uint8_t level);
    void refuse(connect_code code, std::string_view reason);
    void violation(const error& why);
    bool within_topic_limits(packet_type type, std::string_view topic);
    std::optional<std::uint16_t> take_packet_id();

    const server_options& options_;
    server_session_owner& owner_;
    outbox output_;
    connect_info info_;
    bool connected_ = false;
    mono_time last_received_;  // before CONNECT: when the connection was opened
    std::optional<close_cause> cause_;
    std::string reason_;

    // Our QoS 1 messages without a PUBACK: packet id to bytes.
    std::unordered_map<std::uint16_t, std::size_t> unacknowledged_;
    std::size_t unacknowledged_bytes_ = 0;
    std::uint16_t last_id_ = 0;
};

}  // namespace evergrass::mqtt
