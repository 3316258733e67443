#include "cloud/nodes/connection_records.hpp"

#include <utility>

namespace evergrass::cloud {

result<void> write_connection(store& state, const std::string& node,
                              const connection_change& change) {
    const auto& which = change.which;
    if (change.has_left) {
        return state.db().run("connections.leave",
                              "DELETE FROM mqtt_connections WHERE client_id = ?1 AND epoch = ?2",
                              {which.client_id, which.label.version});
    }
    return state.db().run(
        "connections.come",
        "INSERT INTO mqtt_connections(client_id, epoch, node, since, lost_at, principal, session)"
        " VALUES(?1, ?2, ?3, ?4, NULL, ?5, ?6)"
        " ON CONFLICT(client_id) DO UPDATE SET epoch = excluded.epoch, node = excluded.node,"
        " since = excluded.since, lost_at = NULL, principal = excluded.principal,"
        " session = excluded.session WHERE mqtt_connections.epoch <= excluded.epoch",
        {which.client_id, which.label.version, node, to_epoch_milliseconds(change.at),
         which.principal, which.label.id});
}

// A client may have come after its service last said that it is there.
result<void> lose_connections(store& state, const std::string& node) {
    return state.db().run("connections.lose",
                          "UPDATE mqtt_connections SET"
                          " lost_at = max(since, (SELECT seen_at FROM nodes WHERE id = ?1)),"
                          " node = NULL WHERE node = ?1",
                          {node});
}

result<void> forget_all_connections(store& state) {
    return state.db().run("connections.forget_all", "DELETE FROM mqtt_connections", {});
}

result<std::vector<lost_connection>> lost_connections(store& state) {
    std::vector<lost_connection> found;
    const auto read = state.db().query(
        "connections.lost",
        "SELECT client_id, epoch, lost_at, principal, session FROM mqtt_connections"
        " WHERE lost_at IS NOT NULL ORDER BY lost_at, client_id LIMIT 1024",
        {}, [&](const db::row& row) {
            lost_connection one;
            one.which.client_id = row.text(0);
            one.which.label.version = row.integer(1);
            one.at = wall_time(std::chrono::milliseconds(row.integer(2)));
            one.which.principal = row.text(3);
            one.which.label.id = row.text(4);
            found.push_back(std::move(one));
        });
    if (!read) {
        return read.error();
    }
    return found;
}

result<void> forget_lost_connection(store& state, const client_connection& which) {
    return state.db().run("connections.forget",
                          "DELETE FROM mqtt_connections"
                          " WHERE client_id = ?1 AND epoch = ?2 AND lost_at IS NOT NULL",
                          {which.client_id, which.label.version});
}

}  // namespace evergrass::cloud
