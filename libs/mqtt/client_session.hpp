#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/codec.hpp"
#include "libs/mqtt/outbox.hpp"
#include "libs/mqtt/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// As in client_options.
struct client_session_options {
    std::string client_id;
    bool clean_session = true;
    std::chrono::seconds keep_alive{600};
    std::chrono::milliseconds operation_timeout{5'000};
    std::size_t max_packet_bytes = 128 * 1024 + 1024;
    std::size_t max_inflight = 100;
    std::size_t max_queued_bytes = 2'621'440;
};

class client_session_owner {
public:
    virtual ~client_session_owner() = default;
    virtual void on_connected() = 0;
    virtual void on_message(const publish_view& message) = 0;
};

// The client's side of MQTT over one connection after the other: bytes and time in, bytes to write
// and decisions out. It owns no socket and no clock. Each packet flow is in a file of its own,
// client_*.cpp. What the server sends is trusted no more than what a client sends to a server.
class client_session {
public:
    using granted_callback = std::function<void(result<qos>)>;
    using done_callback = std::function<void(result<void>)>;

    client_session(client_session_options options, client_session_owner& owner);

    // A connection is there: CONNECT goes into output().
    void opened(mono_time now);
    // Handles the whole packets at the start of `received`; how many bytes that were.
    std::size_t receive(std::string_view received, mono_time now);
    // A write of output() was finished.
    void written(mono_time now);
    // The connection is gone. What waits for an acknowledgement is kept for the next one.
    void lost(std::string_view reason);

    // When on_time wants to be called at the latest.
    mono_time deadline() const;
    void on_time(mono_time now);

    void subscribe(std::string filter, qos level, granted_callback done, mono_time now);
    void unsubscribe(std::string_view filter, mono_time now);
    // As client::publish.
    send_result publish(std::string topic, std::shared_ptr<const std::string> payload, qos level,
                        done_callback done, mono_time now);
    // DISCONNECT, when connected, goes into output(). Everything that waits fails with
    // errc::closed.
    void stop();

    bool connected() const { return state_ == state::connected; }
    // The connection has to be closed, for this reason.
    bool failed() const { return state_ == state::failed; }
    const std::string& failure() const { return failure_; }
    outbox& output() { return output_; }

private:
    enum class state { idle, connecting, connected, failed };

    struct subscription {
        qos level = qos::at_most_once;
        std::vector<granted_callback> waiting;
    };
    struct outgoing {
        std::string topic;
        std::shared_ptr<const std::string> payload;
        done_callback done;
        std::uint16_t id = 0;  // 0: not sent yet
        bool acknowledged = false;

        std::size_t bytes() const { return topic.size() + payload->size(); }
    };
    struct unwritten {
        std::uint64_t end;  // of the message in the connection's stream of bytes
        done_callback done;
    };

    void handle(const frame& f, mono_time now);
    void handle_connack(const frame& f, mono_time now);
    void handle_publish(const frame& f);
    void handle_puback(const frame& f, mono_time now);
    void handle_suback(const frame& f, mono_time now);
    void handle_unsuback(const frame& f, mono_time now);
    void handle_pingresp(const frame& f, mono_time now);

    void fail(std::string_view reason);
    send_result publish_at_most_once(std::string_view topic,
                                     const std::shared_ptr<const std::string>& payload,
                                     done_callback done);
    void send_waiting(mono_time now);
    void send_subscribe(const std::string& filter, qos level, mono_time now);
    std::uint16_t take_packet_id();
    mono_time next_ping() const;
    bool awaits_answer() const;
    // An operation begins: the time-out runs from now, unless it runs already.
    void begin_waiting(mono_time now);

    client_session_options options_;
    client_session_owner& owner_;
    outbox output_;
    state state_ = state::idle;
    std::string failure_;

    // Of this connection.
    mono_time last_progress_;  // of what awaits_answer() waits for
    mono_time last_sent_;
    bool ping_outstanding_ = false;
    std::map<std::uint16_t, std::string> subscribing_;  // packet id to filter
    std::set<std::uint16_t> unsubscribing_;
    std::deque<unwritten> unwritten_;  // QoS 0 messages with a callback

    // Outlive it.
    std::map<std::string, subscription, std::less<>> subscriptions_;
    std::deque<outgoing> queue_;  // QoS 1, in order
    std::size_t sent_ = 0;        // of the queue's front, on this connection
    std::size_t inflight_ = 0;    // sent and not acknowledged
    std::size_t queued_bytes_ = 0;
    std::set<std::uint16_t> ids_in_queue_;
    std::uint16_t last_id_ = 0;
};

}  // namespace evergrass::mqtt
