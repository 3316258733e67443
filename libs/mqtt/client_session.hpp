#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/client_aliases.hpp"
#include "libs/mqtt/client_types.hpp"
#include "libs/mqtt/codec.hpp"
#include "libs/mqtt/outbox.hpp"
#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace evergrass::mqtt {

class client_session_owner {
public:
    virtual ~client_session_owner() = default;
    virtual void on_connected() = 0;
    virtual void on_message(const publish_view& message) = 0;
};

// The client's side of MQTT 3.1.1 or 5.0 over one connection after the other: bytes and time in,
// bytes to write and decisions out. It owns no socket and no clock. Each packet flow is in a file
// of its own, client_*.cpp. What the server sends is trusted no more than what a client sends to a
// server: memory is bounded by the options, and whatever breaks the rules ends the connection.
//
// Callbacks run at the end of the call that brings them about, one after the other, and may call
// the session.
class client_session {
public:
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

    // As client's.
    void subscribe(std::string filter, subscribe_options options, granted_callback done,
                   mono_time now);
    void unsubscribe(std::string_view filter, unsubscribed_callback done, mono_time now);
    send_result publish(std::string topic, std::shared_ptr<const std::string> payload,
                        publish_options options, published_callback done, mono_time now);
    // DISCONNECT, when connected, goes into output(). Everything that waits fails with
    // errc::closed.
    void stop(reason code = reason::success);

    bool connected() const { return state_ == state::connected; }
    // The connection has to be closed, for this reason. With last words, output() ends with a
    // DISCONNECT, so that the server knows the reason too.
    bool failed() const { return state_ == state::failed; }
    const std::string& failure() const { return failure_; }
    bool has_last_words() const { return failed() && last_words_; }
    outbox& output() { return output_; }
    const connection_info& server() const { return server_; }  // of the last CONNACK

private:
    enum class state { idle, connecting, connected, failed };

    // What is wanted of a filter and whether the server's session has it so.
    struct interest {
        bool wanted = true;  // false: to be unsubscribed
        subscribe_options options;
        std::uint64_t change = 0;  // counts what was wanted; only the last one's answer matters
        bool settled = false;
        bool asked = false;   // in this session, answered or not
        bool queued = false;  // in to_ask_
        std::vector<granted_callback> subscribing;
        std::vector<unsubscribed_callback> unsubscribing;
    };
    using interests = std::map<std::string, interest, std::less<>>;

    struct question {
        packet_type type;
        std::string filter;
        std::uint64_t change;
    };

    // A message of QoS 1 or 2 on its way out.
    struct outgoing {
        enum class stage { unacknowledged, released, finished };
        std::string topic;
        std::shared_ptr<const std::string> payload;
        std::string properties;  // encoded, but for the expiry
        qos level = qos::at_least_once;
        bool retain = false;
        std::optional<mono_time> expires_at;
        published_callback done;
        stage at = stage::unacknowledged;  // released: PUBREC came; the payload is gone
        std::uint16_t id = 0;              // 0: never sent in this session
        acknowledgement answer;            // PUBREC's

        std::size_t bytes() const {
            return topic.size() + (payload ? payload->size() : 0) + properties.size();
        }
    };
    struct unwritten {
        std::uint64_t end;  // of the message in the connection's stream of bytes
        published_callback done;
    };

    // How long something is owed to us: from the moment that its request has left.
    struct patience {
        mono_time since;
        std::uint64_t end = 0;  // of the request in the connection's stream of bytes

        void written(std::uint64_t from, mono_time now) {
            if (from < end) {
                since = now;
            }
        }
    };

    void handle(const frame& f, mono_time now);
    void handle_connack(const frame& f, mono_time now);
    void handle_publish(const frame& f);
    void handle_puback(const frame& f, mono_time now);
    void handle_pubrec(const frame& f, mono_time now);
    void handle_pubrel(const frame& f);
    void handle_pubcomp(const frame& f, mono_time now);
    void handle_suback(const frame& f, mono_time now);
    void handle_unsuback(const frame& f, mono_time now);
    void handle_pingresp(const frame& f);
    void handle_disconnect(const frame& f);
    void handle_auth(const frame& f);

    bool speaks_5() const { return options_.version == protocol_version::v5; }
    void fail(reason code, std::string why);  // 5.0: the server is told `code`
    void fail(const fault& f) { fail(f.code, f.what); }
    void fail_silently(std::string why);
    void ping(mono_time now);
    mono_time next_ping() const;
    bool awaits_answer() const;
    void await_answer(mono_time now);  // the request stands at the end of output_
    std::uint16_t take_packet_id();
    // `callback(outcome)` at the end of this call.
    template <class Callback, class Outcome>
    void tell_later(Callback callback, Outcome outcome);
    void tell();

    void note_server(const connack_packet& p);
    void begin_session();  // the server has none of ours
    void ask_again();
    void ask_waiting(mono_time now);
    bool ask(const std::string& filter, interest& i, mono_time now);
    result<void> check_capabilities(std::string_view filter, const interest& i) const;
    std::optional<question> answered(std::uint16_t id, packet_type type, mono_time now);

    result<void> check_message(const outgoing& m, mono_time now) const;
    result<void> check_server_takes(const outgoing& m, mono_time now) const;
    publish_head head_of(const outgoing& m, mono_time now) const;
    send_result publish_at_most_once(outgoing m, mono_time now);
    void append_publish(const outgoing& m, bool duplicate, mono_time now);
    void send_waiting(mono_time now);
    std::size_t window() const;
    outgoing* find(std::uint16_t id);
    outgoing* awaiting(const frame& f, const ack_packet& p, qos level);
    void release(outgoing& m, std::string_view reason_string);
    void finish(outgoing& m, result<acknowledgement> outcome);
    void trim();
    bool resolve_alias(publish_packet& p);
    void take_exactly_once(const publish_packet& p);

    client_session_options options_;
    client_session_owner& owner_;
    outbox output_;
    state state_ = state::idle;
    std::string failure_;
    bool last_words_ = false;
    std::deque<std::function<void()>> to_tell_;
    bool telling_ = false;

    // Of this connection.
    bool asked_clean_ = true;
    connection_info server_;
    patience answers_;
    patience pong_;
    bool ping_outstanding_ = false;
    mono_time last_sent_;
    mono_time last_heard_;
    std::deque<std::string> to_ask_;  // filters whose interest waits to be sent
    std::unordered_map<std::uint16_t, question> asked_;
    std::deque<unwritten> unwritten_;  // QoS 0 messages with a callback
    std::size_t sent_ = 0;             // of the queue's front, on this connection
    std::size_t inflight_ = 0;         // of those, unacknowledged
    client_aliases aliases_;
    std::vector<std::string> server_aliases_;  // topics; alias 1 first

    // Outlive it.
    bool was_connected_ = false;
    std::string client_id_;
    interests interests_;
    std::uint64_t changes_ = 0;
    std::deque<outgoing> queue_;  // QoS 1 and 2, in order
    std::uint64_t popped_ = 0;    // of the queue, since it was made
    std::size_t queued_bytes_ = 0;
    std::unordered_map<std::uint16_t, std::uint64_t> ids_;  // in the queue: its place, with popped_
    std::unordered_set<std::uint16_t> unreleased_;          // QoS 2 that came and wait for PUBREL
    std::uint16_t last_id_ = 0;
};

}  // namespace evergrass::mqtt
