#pragma once

#include "libs/mqtt/broker.hpp"
#include "libs/mqtt/retained_store.hpp"
#include "libs/mqtt/session.hpp"
#include "libs/mqtt/share_groups.hpp"
#include "libs/mqtt/text_map.hpp"
#include "libs/mqtt/topic_tree.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// What the files of one shard's broker share: broker*.cpp and server_*.cpp. Nobody else includes
// it.
namespace evergrass::mqtt {

class server_link;

// Who gets what one source publishes to one topic, as far as this shard knows. Good while the
// generations are those of now.
struct route {
    struct target {
        session* to;
        subscription_options options;
        subscription_ids ids;
    };
    struct generations {
        std::uint64_t shard = 0;
        std::uint64_t rules = 0;
        std::uint64_t shares = 0;
        bool operator==(const generations&) const = default;
    };
    struct missing {
        std::string client_id;
        loss why;
    };

    generations at;
    std::vector<target> local;
    std::vector<missing> lost;
    std::vector<std::uint32_t> marks;  // the policy's, of clients here that do not share
    std::vector<std::shared_ptr<external_target>> external;
    std::vector<std::shared_ptr<share_group>> shares;
    // Clients by policy, with their marks: who may be picked of a share group.
    text_map<std::vector<std::uint32_t>> named;
    bool by_subscription = false;  // of a share group whoever may_receive() may be picked
    bool all_shards = false;
    std::vector<bool> shards;  // others with a client that was named; empty: none
    std::optional<reason> nobody;
    // `local` is all that there is: what goes this way concerns nobody else.
    bool only_local = false;
};

// The bytes of one message as PUBLISH, which are the same for most receivers but for the packet
// identifier.
class frame_cache {
public:
    explicit frame_cache(const publication& message) : message_(message) {}

    struct bytes {
        std::string head;       // and the payload, when that is small
        std::size_t id_at = 0;  // where the packet identifier goes; 0: has none
        std::size_t packet_bytes = 0;
        bool made = false;
    };
    const bytes& get(protocol_version version, qos level, bool retain);

private:
    const publication& message_;
    bytes all_[2][3][2];
};

// What a publisher's acknowledgement depends on.
struct routing_outcome {
    std::size_t clients = 0;  // here that took it
    bool anybody = false;     // somebody was named, here or elsewhere
    bool not_stored = false;  // the journal refused it: it must not be acknowledged
    std::optional<reason> nobody;
};

// How a message is routed.
struct route_terms {
    receipt& pending;
    // A QoS 2 message of a kept session: its identifier is saved with it.
    std::optional<session_journal::received_id> received = {};
    // The publisher can be told that the journal refused the message, and then nobody is to have
    // got it: it may send it again.
    bool all_or_nobody = false;
    std::shared_ptr<gathering> record = nullptr;  // broker::forward
};
// And delivered to clients of one shard.
struct delivery_terms {
    receipt& pending;
    routing_outcome& outcome;
    std::optional<session_journal::received_id> received = {};
    bool retained = false;  // as a retained message to a new subscription
    bool all_or_nobody = false;
    std::shared_ptr<gathered_message> record = nullptr;  // into which it goes
    share_turn_ptr turn = nullptr;                       // done when its receiver has it
};

struct broker::implementation {
    implementation(broker_shared with, std::size_t number);
    ~implementation();

    // --- broker.cpp: sessions and their lives ---
    session* find(std::string_view client_id);
    // An empty session in place of any that the client has. `seq`: what has to be saved before the
    // client may be told, here and below.
    session& begin_session(client_info who, std::uint32_t expiry_seconds,
                           session_journal::sequence& seq);
    session_journal::sequence resume_session(session& which, std::uint32_t expiry_seconds);
    session_journal::sequence end_session(session& which, std::string_view why);
    void drop_queue(session& which, loss why);
    // The connection is gone; `clean`: no will.
    void leave(session& which, server_link& from, bool clean, std::string_view why);
    void publish_will(const client_info& from, const message_ptr& will);
    void publish_due_will(session& which);
    void restore_queue(session& which, std::vector<session_journal::delivery> deliveries,
                       bool was_connected);
    // `until` is kept until the journal has saved up to `seq`.
    void keep_until(session_journal::sequence seq, receipt until);
    bool is_durable(session_journal::sequence seq) const;
    void note_subscriptions(std::ptrdiff_t change);
    void changed() { ++generation; }  // of sessions or subscriptions

    // --- broker_timers.cpp ---
    enum class timer_kind : std::uint8_t { silence, expiry, will };
    struct timer {
        mono_time at;
        timer_kind kind;
        std::uint64_t serial;   // silence
        std::string client_id;  // expiry, will
        auto operator<=>(const timer&) const = default;
    };
    void arm_silence(mono_time at, std::uint64_t serial);
    void disarm_silence(mono_time at, std::uint64_t serial);
    // What session::expires_at and will_due say, and no more.
    void arm_session(const session& which);
    void disarm_session(session& which);
    void disarm_will(session& which);
    void fire(const timer& due);

    // --- broker_subscribe.cpp ---
    // False: it was there already, with other options perhaps.
    bool subscribe(session& who, std::string_view filter, const held_subscription& held);
    bool unsubscribe(session& who, std::string_view filter);
    void forget_subscriptions(session& who);
    void share_connected(const session& who, bool connected);
    // Of what a client that is gone has not acknowledged, other members get what came by a turn
    // [MQTT5 4.8.2].
    void pass_on_turns(session& which);
    // Retained messages for one filter of a client [MQTT-3.3.1-6 ...].
    void send_retained(session& who, std::string_view filter, const held_subscription& held);

    // --- broker_route.cpp: who gets it ---
    std::shared_ptr<const route> find_route(const client_info* from, std::string_view source,
                                            std::string_view topic, bool forwarded);
    // As find_route, for those who have no place of their own to remember it.
    std::shared_ptr<const route> remembered_route(std::string_view source, std::string_view topic,
                                                  bool forwarded);
    route::generations generations_now() const;

    // --- broker_deliver.cpp: they get it ---
    routing_outcome route_message(const publication& message, const route& to,
                                  const client_info* from, const route_terms& terms);
    // A member of a share on another shard.
    struct pair_of_share {
        std::size_t shard;
        std::string client_id;
        std::string filter;
        std::vector<std::uint32_t> marks;
    };
    // Those of one message that share, and of those here the policy's marks.
    struct sharers {
        std::vector<route::target> local;
        std::vector<std::uint32_t> marks;
        std::vector<pair_of_share> elsewhere;
    };
    void choose_sharer(const publication& message, const route& to, share_group& group,
                       sharers& into);
    // None of one that gets the message by a filter of its own too, and is counted with that.
    std::vector<std::uint32_t> marks_of_sharer(const session& who, std::string_view source,
                                               std::string_view topic,
                                               std::span<const std::uint32_t> marks) const;
    void post_shared(const pair_of_share& to, const message_ptr& message, const receipt& pending,
                     const std::shared_ptr<gathering>& record);
    void choose_again(std::string_view client_id, const std::string& filter,
                      const message_ptr& message, const receipt& pending,
                      const std::shared_ptr<gathering>& record);
    void take_turn(const std::string& filter, const message_ptr& message,
                   const share_turn_ptr& turn);
    void give_turn(std::string_view client_id, const std::string& filter,
                   const message_ptr& message, const share_turn_ptr& turn);
    std::optional<route::target> share_target(std::string_view client_id,
                                              const std::string& filter);
    // A QoS 0 message of a client here that goes only to others here: how nearly every message
    // goes.
    void route_here(const publication& message, const route& to, const client_info& from);
    // To clients of this shard.
    void deliver(const publication& message, std::span<const route::target> targets,
                 delivery_terms& terms);
    void deliver_alone(const route::target& to, const message_ptr& message, receipt pending,
                       const std::shared_ptr<gathering>& record,
                       std::span<const std::uint32_t> marks = {});
    // A QoS 1 or 2 message in its session's queue while deliver() runs.
    struct planned {
        session* who;
        std::uint64_t order;
        bool now;  // its window has room and nothing waits before it
    };
    std::optional<planned> plan_delivery(const publication& message, const route::target& to,
                                         const delivery_terms& terms);
    bool save_planned(const publication& message, std::vector<planned>& plan,
                      delivery_terms& terms);
    bool send_planned(const publication& message, const planned& one, frame_cache* frames);
    bool deliver_at_most_once(const publication& message, const route::target& to,
                              frame_cache* frames, bool retained);
    // A QoS 0 message to all of these; how many took it.
    std::size_t deliver_at_most_once(const publication& message,
                                     std::span<const route::target> targets, bool retained);
    // Sends as much of what waits as the window allows; after CONNACK, what was under way again.
    void drain(session& which);
    // Goes on with clients whose QoS 2 messages have been saved.
    void send_saved();
    bool send_queued(session& which, outgoing& next, bool duplicate);
    // What waited and may no longer be received goes, when rights have changed.
    void recheck_rights(session& which);
    // An outgoing message is done with: acknowledged, or given up.
    void finish(session& which, session::position at);
    void drop_expired(session& which);
    void lose_queued(session& which, session::position at, loss why);
    // Keeps or clears a retained message; false: there is no room or it could not be saved.
    bool retain_message(const publication& message, receipt& pending);

    // --- broker_gather.cpp: one record for what several shards deliver ---
    std::shared_ptr<gathering> begin_gathering(const message_ptr& message,
                                               const session_journal::received_id& from,
                                               const receipt& pending);
    void gather(const std::shared_ptr<gathered_message>& into,
                std::vector<session_journal::delivery> deliveries);
    void write_gathered(const std::shared_ptr<gathered_message>& all);
    void gathered(const std::shared_ptr<gathered_message>& all);
    void ungather(session& which, std::uint64_t order);
    void ungather_all(const session& which);
    gathered_message* find_gathering(const session& from, std::uint16_t packet_id);
    void forget_received(const session& which, std::uint16_t packet_id);
    void wait_for_received(const session& which, std::uint16_t packet_id, receipt until);

    const broker_shared shared;
    const std::size_t shard;
    mono_time now{};
    wall_time wall{};
    text_map<std::unique_ptr<session>> sessions;
    std::unordered_map<std::uint64_t, server_link*> links;
    std::uint64_t last_serial = 0;
    struct subscriber {
        session* who;
        const held_subscription* held;
        bool operator==(const subscriber& other) const { return who == other.who; }
    };
    topic_tree<subscriber> tree;
    std::uint64_t generation = 1;
    text_map<std::shared_ptr<const route>> routes;
    std::set<timer> timers;
    std::deque<std::pair<session_journal::sequence, receipt>> unsaved;
    std::deque<std::pair<session_journal::sequence, std::string>> unsent;  // client ids
    session_journal::sequence saved = 0;
    session_journal::sequence newest_received = 0;  // of QoS 2 messages that came from clients
    std::vector<std::shared_ptr<gathered_message>> gatherings;  // of clients of this shard
    // Of receivers on this shard. The sessions are alive.
    std::unordered_map<std::shared_ptr<gathered_message>,
                       std::vector<std::pair<session*, std::uint64_t>>>
        in_gathering;
    bool stopped = false;
};

}  // namespace evergrass::mqtt
