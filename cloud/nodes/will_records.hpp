#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/policy.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The table mqtt_wills of the store: the wills of clients that are connected somewhere, and those
// that wait until they are due.
namespace evergrass::cloud {

// `epoch`: the place in the stream of the client's coming; with the client id it names the will.
struct stored_will {
    std::string client_id;
    bus::position epoch = 0;
    std::uint32_t delay = 0;               // seconds, from the connection's end
    std::optional<std::int64_t> lifetime;  // milliseconds, from when it is published
    std::string principal;                 // principal_text()
    std::string message;                   // an envelope without expiry
};

// One connection's begin or end, as session_journal::will_begun() and will_left() tell.
struct will_change {
    bool has_left = false;
    std::string client_id;
    bus::position epoch = 0;
    bool resumed = false;                   // begun
    std::optional<stored_will> given = {};  // begun
    wall_time now{};                        // begun
    std::optional<wall_time> due = {};      // left
};

// In a transaction of the caller's.
result<void> write_will(store& state, const std::string& node, const will_change& change);
// Of a node that has ended without a word, whose row in `nodes` is still there: due from when it
// was there last, but for those whose clients have come back elsewhere. In a transaction.
result<void> leave_wills(store& state, const std::string& node);
// The stream is another one: no place in it is before a client's next coming. In a transaction.
result<void> age_wills(store& state);

// Whether anything is known of wills of this client.
result<bool> has_wills(store& state, const std::string& client_id);
// No more than some hundred at once.
result<std::vector<stored_will>> due_wills(store& state, wall_time now);
result<void> remove_will(store& state, const std::string& client_id, bus::position epoch);

// Who is behind a connection, as far as the right to publish its will goes, and back. A text that
// cannot be read is of nobody, who may publish nothing.
std::string principal_text(const mqtt::client_identity& who);
mqtt::client_identity parse_principal(std::string_view text);

}  // namespace evergrass::cloud
