#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/nodes/connection_records.hpp"
#include "cloud/nodes/will_records.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/session_journal.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The tables nodes, mqtt_sessions, mqtt_subscriptions and mqtt_retained of the store.
namespace evergrass::cloud {

// A session as the store has it, wherever its client was last.
struct stored_session {
    std::string client_id;
    mqtt::protocol_version version = mqtt::protocol_version::v3_1_1;
    std::uint32_t expiry_seconds = 0;
    bus::position low = 0;  // its client has all up to here
    struct held {
        mqtt::session_journal::subscription what;
        bus::position since = 0;  // what was published up to here is not for it
        // Its client has not acknowledged the retained message that subscribing gave it.
        bool retained = false;
    };
    std::vector<held> subscriptions;
};

// Nothing: there is none, or it is over.
result<std::optional<stored_session>> load_session(store& state, const std::string& client_id,
                                                   wall_time now);

// What becomes of a session. `epoch`: the place in the stream of its client's coming; a change of
// an earlier epoch than the stored one, by a service that its client has left, is dropped.
struct session_change {
    // replaced: ended by its client's next coming. will, connection: not of the session; they look
    // themselves whether they count.
    enum class kind {
        begun,
        resumed,
        left,
        ended,
        replaced,
        subscribed,
        unsubscribed,
        retained,
        will,
        connection
    };
    kind what = kind::begun;
    std::string client_id;
    bus::position epoch = 0;
    mqtt::protocol_version version = mqtt::protocol_version::v3_1_1;  // begun, resumed
    std::uint32_t expiry_seconds = 0;                                 // begun, resumed, left
    wall_time at{};                                                   // left
    std::optional<bus::position> low = {};  // left, resumed; none: the node's position
    mqtt::session_journal::subscription subscription = {};  // subscribed
    bus::position since = 0;                                // subscribed
    std::string filter = {};                                // unsubscribed, retained
    bool is_under_way = false;                              // retained
    // resumed: filters of which a retained message is under way; of the others none is.
    std::vector<std::string> under_way = {};
    std::optional<will_change> will = {};              // will
    std::optional<connection_change> connection = {};  // connection
};

// In one transaction.
result<void> write_changes(store& state, const std::string& node,
                           std::span<const session_change> all);

// That the node is there, that the sessions at it have all up to `position`, but for some that have
// a place of their own; none: as the others again.
struct session_low {
    std::string client_id;
    bus::position epoch = 0;
    std::optional<bus::position> low;
};
// False: the store took the node for gone, and its sessions for left.
result<bool> write_position(store& state, const std::string& node, wall_time now,
                            bus::position position, std::span<const session_low> exceptions);
// It has ended; stays where a session or a client is still at it, for end_silent_nodes().
result<void> remove_node(store& state, const std::string& node);
// Those that have not been there since `before`: their sessions are left from then on. Their names.
result<std::vector<std::string>> end_silent_nodes(store& state, wall_time before);
// Shared filters, "$share/NAME/FILTER", that a session has. In no order, each once.
result<std::vector<std::string>> shares_of_sessions(store& state);
// Sessions whose time is over.
result<void> end_old_sessions(store& state, wall_time now);
// The stream is another one: nothing that is remembered of places in it holds.
result<void> forget_positions(store& state);

// The retained messages as of `position`.
struct retained_change {
    bus::position at = 0;
    std::string topic;
    std::string bytes;  // envelope of the message; empty: there is none any more
};
result<bus::position> load_retained(store& state,
                                    const std::function<void(const std::string& bytes)>& each);
result<bus::position> retained_position(store& state);
// Takes it on to `upto`; those of `all` that the store has already are passed over.
result<void> write_retained(store& state, std::span<const retained_change> all, bus::position upto);

// The store's id for subjects of the bus; made by the first who asks.
result<std::string> fleet_id(store& state);

}  // namespace evergrass::cloud
