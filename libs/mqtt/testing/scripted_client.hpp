#pragma once

#include "libs/mqtt/codec.hpp"
#include "libs/mqtt/link.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// For tests and fuzz targets of the broker: the client's end of one link.
namespace evergrass::mqtt::testing {

// The server sent what it may not send, or left its owner untold.
struct broken_rule : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct will_settings {
    std::string topic;
    std::string payload;
    qos level = qos::at_most_once;
    bool retain = false;
    std::uint32_t delay = 0;  // seconds, as is `expiry`
    std::optional<std::uint32_t> expiry = {};
};

struct connect_settings {
    protocol_version version = protocol_version::v3_1_1;
    bool clean = true;
    std::uint32_t expiry = 0;  // 5.0, seconds
    std::uint16_t receive_maximum = 65'535;
    std::optional<std::uint32_t> max_packet = {};
    std::uint16_t alias_maximum = 0;
    std::uint16_t keep_alive = 0;
    std::optional<will_settings> will = {};
    bool problem_information = true;
};
// A session that is kept for an hour, or in 3.1.1 for ever.
connect_settings kept(protocol_version version = protocol_version::v3_1_1);
connect_settings in_5(connect_settings settings = {});

struct publish_settings {
    bool retain = false;
    std::optional<std::uint32_t> expiry = {};
    std::uint16_t alias = 0;
    std::string properties = {};  // as forwarded_properties() gives them
};

// Speaks for one client id over any number of connections: writes with the codec, reads strictly,
// keeps the state that a client has to keep (MQTT-4.1) and acknowledges what it gets, unless told
// not to. Throws broken_rule at what no server may do.
class scripted_client {
public:
    using opener = std::function<std::unique_ptr<link>(link_owner& owner, const std::string& id)>;

    scripted_client(std::string id, opener open, std::function<void()> settle);

    const std::string& id() const { return id_; }
    protocol_version version() const { return version_; }
    bool has_link() const { return link_ != nullptr; }
    link& connection() { return *link_; }

    bool acknowledges = true;  // what it gets, and PUBREC; at once
    bool reads = true;         // false: its end of the connection is full
    bool settles = true;       // each packet is handled before the call returns
    // False: the bytes that it says may be anything, so that only the form of the answers is held
    // against the standard.
    bool is_sane = true;

    // --- What it says. Answers are returned where there is one, as in heard(). ---

    // As begin(); "CONNACK", "CONNACK present", "CONNACK not authorized" or nothing.
    std::string connect(const connect_settings& with = {});
    // CONNECT is on its way. A connection that was there is cut, or, with take_over(), left open.
    void begin(const connect_settings& with);
    void take_over(const connect_settings& with);
    // The connection is there, and nothing was said.
    void open_only(const connect_settings& with) { open_connection(with); }
    void say(std::string_view bytes);
    // Returns the packet identifier.
    std::uint16_t publish(std::string_view topic, std::string_view payload,
                          qos level = qos::at_most_once, const publish_settings& how = {});
    // "0,1,128" with the codes; empty: there is no answer yet.
    std::string subscribe(std::string_view filter, qos level = qos::at_most_once,
                          std::uint32_t subscription_id = 0);
    std::string subscribe(std::vector<subscribe_packet::request> requests,
                          std::uint32_t subscription_id = 0);
    std::string unsubscribe(std::string_view filter);
    void ack(packet_type type, std::uint16_t id, reason code = reason::success);
    // What the message of this identifier needs: PUBACK or PUBREC.
    void acknowledge(std::uint16_t id);
    void ping();
    void disconnect(reason code = reason::success,
                    std::optional<std::uint32_t> session_expiry = {});
    // The transport breaks; what was under way either way is lost.
    void cut();

    // --- What it heard ---

    // Since the last call, in order: "CONNACK present", "PUBLISH t x q1 dup", "PUBACK 7",
    // "SUBACK 3: 0,128", "DISCONNECT session taken over", "CLOSED" ….
    std::vector<std::string> heard() { return std::exchange(heard_, {}); }
    // PUBLISH alone, without the word; of QoS 2 once.
    std::vector<std::string> messages() { return std::exchange(messages_, {}); }
    // Of those that came and are not acknowledged, in order.
    std::vector<std::uint16_t> unacknowledged() const;
    // How many of them came on this connection, or have had PUBREC on it and no PUBREL.
    std::size_t under_way() const;
    // What CONNACK said; its texts are in the two after it.
    const connack_packet& limits() const { return limits_; }
    const std::string& assigned_id() const { return assigned_id_; }
    const std::string& refusal() const { return refusal_; }
    std::size_t pings_answered() const { return pongs_; }
    bool connected() const { return ready_ && !goodbye_ && link_ != nullptr; }
    // Published and not yet done with.
    std::size_t unanswered() const { return out_.size(); }

    // PUBACK or PUBREC came: with success the server has taken responsibility.
    std::function<void(const std::string& topic, const std::string& payload, reason)> on_answer;
    std::function<void(const std::string& topic, const std::string& payload, qos)> on_message;
    // Each packet of either side, for who looks for a fault.
    std::function<void(const std::string& line)> trace;

    // One step of its connection; false: nothing moved.
    bool pump();
    // The process of the server has died.
    void forget_link();

private:
    // The owner of one link.
    struct port final : link_owner {
        void changed() override;
        bool told = false;
    };
    struct incoming {
        std::uint16_t id;
        qos level;
        std::string content;
        bool here;  // came on this connection
    };
    struct outgoing {
        std::uint16_t id;
        std::string topic;
        std::string payload;
        qos level;
        publish_settings how;
        bool received = false;  // PUBREC came
    };
    struct question {
        packet_type answer;
        std::uint16_t id;
        std::size_t codes;
    };

    void note(const char* direction, const std::string& what) const {
        if (trace) {
            trace(id_ + direction + what);
        }
    }
    void hear(std::string what) {
        note(" <- ", what);
        heard_.push_back(std::move(what));
    }
    void open_connection(const connect_settings& with);
    std::uint16_t next_id(qos level);
    std::deque<std::uint16_t>& waiting_for_answer(qos level);
    void write(std::string& bytes, const outgoing& one, bool duplicate) const;
    void note_ack(packet_type type, std::uint16_t id, reason code);

    // scripted_client_hear.cpp
    bool read();
    void handle_inbox();
    void handle(const frame& f);
    void on_connack(const connack_packet& p);
    void resume();
    void on_publish(const publish_packet& p);
    std::string topic_of(const publish_packet& p);
    bool take(const publish_packet& p, const std::string& topic);
    void on_ack(packet_type type, const ack_packet& p);
    void on_pubrel(std::uint16_t id);
    void on_codes(packet_type type, std::uint16_t id, std::string_view codes);

    const std::string id_;
    const opener open_;
    const std::function<void()> settle_;
    std::unique_ptr<port> port_;
    std::unique_ptr<link> link_;
    std::unique_ptr<port> former_port_;
    std::unique_ptr<link> former_link_;  // still open, as far as the server knows
    connect_settings with_;
    protocol_version version_ = protocol_version::v3_1_1;

    std::string to_server_;
    std::string inbox_;
    bool left_ = false;  // bytes to write, of which the owner knows
    bool ready_ = false;
    bool goodbye_ = false;
    bool fresh_ = true;  // the session began with this connection
    connack_packet limits_;
    std::string assigned_id_;
    std::string refusal_;
    std::map<std::uint16_t, std::string> aliases_;
    std::deque<question> asked_;

    // The session, over connections.
    std::vector<incoming> in_;                       // came, without an answer of ours
    std::map<std::uint16_t, std::string> released_;  // QoS 2: PUBREC was said, PUBREL not come
    std::set<std::uint16_t> released_here_;          // on this connection
    std::vector<outgoing> out_;
    std::deque<std::uint16_t> puback_order_;
    std::deque<std::uint16_t> pubrec_order_;
    std::uint16_t last_id_ = 0;

    std::vector<std::string> heard_;
    std::vector<std::string> messages_;
    std::string connack_;
    std::string codes_;
    std::size_t pongs_ = 0;
};

}  // namespace evergrass::mqtt::testing
