#pragma once

#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/codec.hpp"
#include "libs/mqtt/link.hpp"
#include "libs/mqtt/session.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// What a reply waits for: when the last copy goes, the reply may be said. Any thread may be the
// last to have one.
struct reply_receipt {
    reply_receipt(shard_mesh& m, std::size_t home, std::uint64_t of_link, std::uint64_t number)
        : mesh(m), shard(home), link(of_link), ticket(number) {}
    ~reply_receipt();
    reply_receipt(const reply_receipt&) = delete;
    reply_receipt& operator=(const reply_receipt&) = delete;

    shard_mesh& mesh;
    const std::size_t shard;
    const std::uint64_t link;
    const std::uint64_t ticket;
    bool needless = false;  // the reply was said already
};

// The server's side of one connection, see link.hpp. Each packet flow is in a file of its own,
// server_*.cpp; what concerns more than one client is the broker's.
class server_link final : public link {
public:
    server_link(broker::implementation& shard, link_owner& owner, client_identity who,
                std::string client_id, bool assigned);
    ~server_link() override;

    // link
    std::size_t receive(std::string_view received) override;
    void transport_closed(std::string_view why) override;
    outbox& output() override { return output_; }
    bool closing() const override { return closing_; }
    bool wants_input() const override;
    void looked() override { told_ = false; }
    const std::string& client_id() const override { return client_id_; }
    const std::string& why_closing() const override { return why_; }

    std::uint64_t serial() const { return serial_; }
    protocol_version version() const { return version_; }
    // CONNACK has been said: messages may go out.
    bool ready() const { return ready_; }
    std::size_t window() const { return window_; }
    // Sends one QoS 0 message, or a QoS 1 or 2 one that has its identifier.
    struct sending {
        qos level = qos::at_most_once;
        bool retain = false;
        bool duplicate = false;
        std::uint16_t packet_id = 0;
        const std::vector<std::uint32_t>* ids = nullptr;
    };
    // `frames`: when others get the same message; may be null. False: it is larger than the
    // client's Maximum Packet Size, nothing was sent.
    bool send(const publication& message, frame_cache* frames, const sending& how);
    void send_pubrel(std::uint16_t packet_id);

    // Ends the connection: 5.0 clients get DISCONNECT (or, before CONNACK, CONNACK) with `code`.
    // The session is left as when the connection breaks.
    void close(reason code, std::string_view why);
    // A reply that was held has become true.
    void complete(std::uint64_t ticket);
    // Closes it if it was silent for longer than it may be; else looks again when it may be so.
    void check_silence();

private:
    friend struct broker::implementation;

    // An answer that must not be given before something else has happened, and those behind it:
    // acknowledgements go out in the order of what they acknowledge [MQTT-4.6.0-2].
    enum class reply_kind : std::uint8_t {
        connack,
        completes,  // a PUBLISH: for its sender, it is not under way any more
        other,
    };
    struct held_reply {
        std::string bytes;
        bool done = false;
        reply_kind kind = reply_kind::other;
    };

    void handle(const frame& f);
    void handle_other(const frame& f);  // than PUBLISH, once CONNECT was accepted
    void refuse_packet(packet_type type, std::string_view why);
    void handle_connect(const frame& f);
    void handle_publish(const frame& f);
    void handle_puback(const frame& f);
    void handle_pubrec(const frame& f);
    void handle_pubrel(const frame& f);
    void handle_pubcomp(const frame& f);
    void handle_subscribe(const frame& f);
    void handle_unsubscribe(const frame& f);
    void handle_pingreq(const frame& f);
    void handle_disconnect(const frame& f);
    void handle_auth(const frame& f);

    // server_connect.cpp
    void refuse(reason code, std::string_view why);
    bool check_connect(const connect_packet& p);
    void accept(const connect_packet& p, admission admitted);
    void take_limits(const connect_packet& p);
    std::string make_connack(const connect_packet& p, bool session_present,
                             std::uint32_t expiry) const;

    // server_publish.cpp
    bool resolve_alias(publish_packet& p);
    bool check_publish(const publish_packet& p);
    bool is_permitted(const publish_packet& p);
    const std::shared_ptr<const route>& way_of(std::string_view topic);
    void acknowledge(const publish_packet& p, reason code, std::shared_ptr<reply_receipt> until);
    void publish_at_most_once(const publish_packet& p);
    void publish(const publish_packet& p);

    // server_subscribe.cpp
    reason subscribe_one(const subscribe_packet::request& wanted, std::uint32_t id,
                         session_journal::sequence& seq, bool& is_new, const receipt& until);

    // server_send.cpp. False: it would be too large, and nothing was appended.
    bool append_frame(frame_cache& frames, const sending& how);
    bool append_message(const publication& message, const sending& how);
    void use_alias(publish_head& head);

    void violation(const fault& why);
    void violation(reason code, std::string_view why) { violation(fault{code, std::string(why)}); }
    // Says `bytes` at once, or when nobody but the caller has a copy of `until` any more and all
    // that was to be said before was said.
    void reply(std::string_view bytes, std::shared_ptr<reply_receipt> until = {},
               reply_kind kind = reply_kind::other);
    void said(reply_kind kind);
    // For the next reply.
    std::shared_ptr<reply_receipt> make_receipt();
    // The same, when the journal will be asked to save something.
    std::shared_ptr<reply_receipt> make_receipt_if_journaled();
    void release_replies();
    void tell();
    void end(bool clean, std::string_view why);
    bool is_v5() const { return version_ == protocol_version::v5; }

    broker::implementation& shard_;
    link_owner& owner_;
    const std::uint64_t serial_;
    client_identity identity_;
    std::string client_id_;
    std::string why_;
    outbox output_;
    session* session_ = nullptr;  // from CONNECT's acceptance until the end
    const bool assigned_;
    bool accepted_ = false;
    bool ready_ = false;
    bool closing_ = false;
    bool told_ = false;  // the owner has been told and has not looked yet
    bool receiving_ = false;
    bool problem_information_ = true;
    protocol_version version_ = protocol_version::v3_1_1;
    std::uint16_t keep_alive_ = 0;  // seconds; 0: none
    std::uint16_t window_ = 0;
    std::uint16_t alias_maximum_ = 0;  // towards the client
    std::uint32_t max_packet_ = 0xFFFF'FFFF;
    mono_time last_received_;
    std::optional<mono_time> silence_at_;  // when check_silence() is called
    std::optional<session_journal::will> will_;
    std::uint32_t will_delay_ = 0;
    bool will_is_elsewhere_ = false;  // server_options::wills_elsewhere
    std::uint32_t asked_expiry_ = 0;  // of the session, in CONNECT
    std::uint32_t max_expiry_ = 0;    // by options and policy
    std::unique_ptr<std::vector<std::string>> aliases_in_;
    std::unique_ptr<text_map<std::uint16_t>> aliases_out_;
    std::vector<held_reply> held_;
    std::uint64_t first_ticket_ = 0;
    // QoS 1 and 2 messages that came on this connection and are not complete (MQTT5 4.9); those
    // that another one began are not told apart when they end, so it may be a few less.
    std::size_t under_way_ = 0;
    // Who got the last message: the next one mostly has the same topic.
    std::string last_topic_;
    bool topic_is_last_ = false;  // of the PUBLISH at hand
    std::shared_ptr<const route> last_route_;
};

}  // namespace evergrass::mqtt
