#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/share_exchange.hpp"
#include "libs/mqtt/text_map.hpp"
#include "libs/mqtt/types.hpp"

#include <boost/container/deque.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::mqtt {

class server_link;

using subscription_ids = std::shared_ptr<const std::vector<std::uint32_t>>;  // null: none

// What a session subscribed to at one filter.
struct held_subscription {
    subscription_options options;
    std::uint32_t id = 0;  // subscription identifier; 0: none
};

// A QoS 1 or 2 message for one client, from when it was taken until the client has acknowledged it.
struct outgoing {
    message_ptr message;  // null once nobody will have to send it again
    subscription_ids ids;
    std::uint64_t order = 0;  // in the session, rising
    // A QoS 2 message of a kept session is not sent before the journal has saved this: its client
    // remembers the identifier, which a crash would have us give to another message.
    session_journal::sequence saved_as = 0;
    std::uint32_t bytes = 0;      // counted in the session's queue
    std::uint16_t packet_id = 0;  // packet_id_of(order)
    qos level = qos::at_least_once;
    bool retain = false;
    bool perhaps_sent = false;  // by a process that did not live to save it
    session_journal::delivery::progress state = session_journal::delivery::progress::waiting;
};

// A client's session (MQTT-4.1): what it subscribed to and what it has not yet been delivered or
// has not yet released. Owned by the broker of its shard. Holds no policy: what is queued, sent or
// dropped is decided by the broker; this keeps the books.
struct session {
    client_info info;
    server_link* link = nullptr;  // connected: CONNACK has been said or is being said
    std::uint32_t expiry_seconds = 0;
    bool journaled = false;
    // Of the policy when what waits was last held against it.
    static constexpr auto rights_unknown = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t generation = rights_unknown;
    std::optional<mono_time> expires_at;  // while away; none: never

    text_map<held_subscription> subscriptions;  // "$share/…" too
    std::size_t shared_subscriptions = 0;

    // In the order of delivery: the first `sent` of them have been sent at some time, the others
    // wait. Of those, the first `inflight` were sent on this connection: after another one began,
    // the rest has to be sent again as the client's window allows [MQTT-3.3.4-9, MQTT-4.4.0-1].
    boost::container::deque<outgoing> queue;
    std::size_t sent = 0;
    std::size_t inflight = 0;  // 0 while away
    std::size_t queued_bytes = 0;
    std::map<std::uint64_t, share_turn_ptr> turns;  // by order: what came by a share's turn
    std::optional<wall_time> first_expiry;          // at the earliest, of what waits
    std::uint32_t refused_bytes = 0;  // of the last message, when there was no room for it
    std::uint64_t last_order = 0;
    std::set<std::uint16_t> received_ids;  // QoS 2: PUBREC said, PUBREL not come [MQTT-4.3.3-10]
    std::optional<session_journal::will> delayed_will;  // while away
    std::optional<mono_time> will_due;

    bool outlives_connection() const { return expiry_seconds > 0; }

    // outgoing::saved_as while its record is not written (gathered_message).
    static constexpr auto being_gathered = std::numeric_limits<session_journal::sequence>::max();

    static constexpr std::size_t max_queued = 65'535;  // as many as there are packet identifiers
    // The place in the order, and with it the packet identifier, of the next message. Identifiers
    // go with the order, so that one that was given is known to be free again without a list of
    // those that are not. REQUIRES: fewer than max_queued are in the queue.
    std::uint64_t take_order();
    static std::uint16_t packet_id_of(std::uint64_t order) {
        return static_cast<std::uint16_t>(order % 65'535 + 1);
    }

    // Among the messages that were sent; queue.end() if there is none.
    using position = boost::container::deque<outgoing>::iterator;
    position find_sent(std::uint16_t packet_id);
    position find_order(std::uint64_t order);  // among all of the queue
    void push(outgoing next);
    void note_expiry(const stored_message& waiting);
    // Out of the queue; its bytes and identifier are free again.
    void erase(position at);

private:
    bool is_taken(std::uint64_t order);
};

// How one client's own filters meet a topic, all those that match taken together: MQTT sends one
// copy with the highest QoS and all identifiers.
struct matched_subscription {
    subscription_options options;
    subscription_ids ids;
};
// Nothing: none matches. `no_local_of`: who published, since a filter with No Local does not match
// what its own client sent [MQTT-3.8.3-3]. Shared filters don't count.
std::optional<matched_subscription> match_own(const session& who, std::string_view topic,
                                              std::string_view no_local_of,
                                              bool hash_matches_parent);
// The first shared filter that matches; null: none does.
const std::pair<const std::string, held_subscription>* match_share(const session& who,
                                                                   std::string_view topic,
                                                                   bool hash_matches_parent);
// Adds one more filter of the same client to what matched before.
void add_match(matched_subscription& into, const held_subscription& more, bool first);

}  // namespace evergrass::mqtt
