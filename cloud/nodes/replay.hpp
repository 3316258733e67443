#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/nodes/session_records.hpp"
#include "libs/mqtt/message.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::cloud {

struct placed_message {
    bus::position at = 0;
    mqtt::message_ptr message;
};

// A session with what its client has not got yet, of messages in the stream's order that begins
// after stored_session::low at the latest.
struct replayed_session {
    mqtt::session_journal::kept_session kept;
    // Of its deliveries: their orders, and the messages' places.
    std::vector<std::pair<std::uint64_t, bus::position>> places;
    // Of those that are retained messages and of no place: their orders, and the filters.
    std::vector<std::pair<std::uint64_t, std::string>> retained;
    std::size_t dropped = 0;  // there was no room for them
};

// The retained message of a topic; null: there is none.
using retained_lookup = std::function<mqtt::message_ptr(const std::string& topic)>;

// Pure. `max_bytes` as server_options::max_queued_bytes; `hash_matches_parent` likewise. What
// stored_session::held::retained says comes first, as it is retained now.
replayed_session replay(const stored_session& stored, const std::vector<placed_message>& messages,
                        wall_time now, std::size_t max_bytes, bool hash_matches_parent,
                        const retained_lookup& retained = {});

}  // namespace evergrass::cloud
