#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/iot/lifecycle_events.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <string>
#include <vector>

// The table mqtt_connections of the store: the last connection of each client that is connected
// somewhere, so that its `disconnected` is said where its service cannot. The label's version is
// the place in the stream of the client's coming.
namespace evergrass::cloud {

struct connection_change {
    bool has_left = false;
    client_connection which;
    wall_time at{};  // of one that has come
};

// In a transaction of the caller's. A connection that came before the one that is known is passed
// over: its own service says its end, or nobody.
result<void> write_connection(store& state, const std::string& node,
                              const connection_change& change);
// Of a node that has ended without a word, whose row in `nodes` is still there: lost when it was
// there last. In a transaction.
result<void> lose_connections(store& state, const std::string& node);
// The stream is another one, whose places say nothing of the order of these. In a transaction.
result<void> forget_all_connections(store& state);

struct lost_connection {
    client_connection which;
    wall_time at{};
};
// Those whose clients have not come again. No more than some thousand at once.
result<std::vector<lost_connection>> lost_connections(store& state);
// Its end has been said.
result<void> forget_lost_connection(store& state, const client_connection& which);

}  // namespace evergrass::cloud
