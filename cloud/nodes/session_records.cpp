#include "cloud/nodes/session_records.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

#include <charconv>
#include <functional>

namespace evergrass::cloud {
namespace {

constexpr std::uint32_t never = 0xFFFF'FFFF;  // a session expiry [MQTT5 3.1.2.11.2]
constexpr std::size_t fleet_id_bytes = 6;

// Of mqtt_subscriptions.options.
constexpr std::int64_t level_bits = 0x03;
constexpr std::int64_t no_local_bit = 0x04;
constexpr std::int64_t as_published_bit = 0x08;
constexpr int retained_shift = 4;
constexpr std::int64_t retained_bits = 0x03;

std::int64_t to_integer(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

db::value to_value(const std::optional<bus::position>& low) {
    return low ? db::value(to_integer(*low)) : db::value();
}

std::int64_t pack(const mqtt::subscription_options& options) {
    return static_cast<std::int64_t>(options.level) | (options.no_local ? no_local_bit : 0) |
           (options.retain_as_published ? as_published_bit : 0) |
           static_cast<std::int64_t>(options.retained) << retained_shift;
}

mqtt::subscription_options unpack(std::int64_t packed) {
    mqtt::subscription_options options;
    options.level = static_cast<mqtt::qos>(packed & level_bits);
    options.no_local = (packed & no_local_bit) != 0;
    options.retain_as_published = (packed & as_published_bit) != 0;
    options.retained = static_cast<mqtt::retain_handling>(packed >> retained_shift & retained_bits);
    return options;
}

result<void> forget_subscriptions(store& state, const std::string& client_id) {
    return state.db().run("nodes.forget_subscriptions",
                          "DELETE FROM mqtt_subscriptions WHERE client_id = ?1", {client_id});
}

// Of the retained message that a filter, which is its topic, gave the client.
result<void> write_under_way(store& state, const std::string& client_id, const std::string& filter,
                             bool is_under_way) {
    return state.db().run("nodes.retained_under_way",
                          "UPDATE mqtt_subscriptions SET retained = ?3"
                          " WHERE client_id = ?1 AND filter = ?2",
                          {client_id, filter, std::int64_t{is_under_way ? 1 : 0}});
}

// Whether the change still counts.
result<bool> counts(store& state, const session_change& change) {
    using kind = session_change::kind;
    if (change.what == kind::will || change.what == kind::connection) {
        return true;  // it looks itself
    }
    std::optional<std::int64_t> epoch;
    auto read =
        state.db().query("nodes.epoch", "SELECT epoch FROM mqtt_sessions WHERE client_id = ?1",
                         {change.client_id}, [&](const db::row& row) { epoch = row.integer(0); });
    if (!read) {
        return read.error();
    }
    if (change.what == kind::begun) {
        return !epoch || *epoch <= to_integer(change.epoch);
    }
    const bool comes = change.what == kind::resumed || change.what == kind::replaced;
    return epoch &&
           (comes ? *epoch <= to_integer(change.epoch) : *epoch == to_integer(change.epoch));
}

result<void> write(store& state, const std::string& node, const session_change& change) {
    using kind = session_change::kind;
    auto& db = state.db();
    switch (change.what) {
        case kind::begun: {
            auto begun = db.run(
                "nodes.begin_session",
                "INSERT OR REPLACE INTO mqtt_sessions(client_id, version, expiry, left_at, node,"
                " epoch, low) VALUES(?1, ?2, ?3, NULL, ?4, ?5, NULL)",
                {change.client_id, static_cast<std::int64_t>(change.version),
                 static_cast<std::int64_t>(change.expiry_seconds), node, to_integer(change.epoch)});
            return begun ? forget_subscriptions(state, change.client_id) : begun;
        }
        case kind::resumed: {
            auto resumed = db.run(
                "nodes.resume_session",
                "UPDATE mqtt_sessions SET version = ?2, expiry = ?3, left_at = NULL, node = ?4,"
                " epoch = ?5, low = ?6 WHERE client_id = ?1",
                {change.client_id, static_cast<std::int64_t>(change.version),
                 static_cast<std::int64_t>(change.expiry_seconds), node, to_integer(change.epoch),
                 to_value(change.low)});
            if (resumed) {
                resumed = db.run("nodes.no_retained_under_way",
                                 "UPDATE mqtt_subscriptions SET retained = 0"
                                 " WHERE client_id = ?1 AND retained <> 0",
                                 {change.client_id});
            }
            for (std::size_t i = 0; resumed && i < change.under_way.size(); ++i) {
                resumed = write_under_way(state, change.client_id, change.under_way[i], true);
            }
            return resumed;
        }
        case kind::left:
            return db.run("nodes.leave_session",
                          "UPDATE mqtt_sessions SET expiry = ?2, left_at = ?3, node = NULL,"
                          " low = ?4 WHERE client_id = ?1",
                          {change.client_id, static_cast<std::int64_t>(change.expiry_seconds),
                           to_epoch_milliseconds(change.at), to_value(change.low)});
        case kind::ended:
        case kind::replaced: {
            auto ended =
                db.run("nodes.end_session", "DELETE FROM mqtt_sessions WHERE client_id = ?1",
                       {change.client_id});
            return ended ? forget_subscriptions(state, change.client_id) : ended;
        }
        case kind::subscribed:
            return db.run(
                "nodes.subscribe",
                "INSERT OR REPLACE INTO mqtt_subscriptions(client_id, filter, options,"
                " identifier, since, retained) VALUES(?1, ?2, ?3, ?4, ?5, 0)",
                {change.client_id, change.subscription.filter, pack(change.subscription.options),
                 static_cast<std::int64_t>(change.subscription.subscription_id),
                 to_integer(change.since)});
        case kind::retained:
            return write_under_way(state, change.client_id, change.filter, change.is_under_way);
        case kind::will:
            return write_will(state, node, *change.will);
        case kind::connection:
            return write_connection(state, node, *change.connection);
        case kind::unsubscribed:
            return db.run("nodes.unsubscribe",
                          "DELETE FROM mqtt_subscriptions WHERE client_id = ?1 AND filter = ?2",
                          {change.client_id, change.filter});
    }
    return {};
}

result<void> set_retained_position(store& state, bus::position upto) {
    return state.db().run("nodes.set_retained_position",
                          "INSERT OR REPLACE INTO settings(name, value)"
                          " VALUES('mqtt_retained_position', ?1)",
                          {db::blob{std::to_string(upto)}});
}

}  // namespace

result<std::optional<stored_session>> load_session(store& state, const std::string& client_id,
                                                   wall_time now) {
    const auto hold = state.db().lock();
    std::optional<stored_session> found;
    auto read = state.db().query(
        "nodes.session",
        "SELECT s.version, s.expiry, s.left_at, s.low, n.position FROM mqtt_sessions s"
        " LEFT JOIN nodes n ON n.id = s.node WHERE s.client_id = ?1",
        {client_id}, [&](const db::row& row) {
            stored_session session;
            session.client_id = client_id;
            session.version = static_cast<mqtt::protocol_version>(row.integer(0));
            session.expiry_seconds = static_cast<std::uint32_t>(row.integer(1));
            const bool is_over = !row.is_null(2) && session.expiry_seconds != never &&
                                 row.integer(2) + std::int64_t{1'000} * session.expiry_seconds <=
                                     to_epoch_milliseconds(now);
            if (is_over || session.expiry_seconds == 0) {
                return;
            }
            session.low = static_cast<bus::position>(!row.is_null(3)   ? row.integer(3)
                                                     : !row.is_null(4) ? row.integer(4)
                                                                       : 0);
            found = std::move(session);
        });
    if (!read || !found) {
        return read ? result<std::optional<stored_session>>(std::nullopt)
                    : result<std::optional<stored_session>>(read.error());
    }
    read = state.db().query(
        "nodes.subscriptions",
        "SELECT filter, options, identifier, since, retained FROM mqtt_subscriptions"
        " WHERE client_id = ?1",
        {client_id}, [&](const db::row& row) {
            stored_session::held one;
            one.what.filter = row.text(0);
            one.what.options = unpack(row.integer(1));
            one.what.subscription_id = static_cast<std::uint32_t>(row.integer(2));
            one.since = static_cast<bus::position>(row.integer(3));
            one.retained = row.integer(4) != 0;
            found->subscriptions.push_back(std::move(one));
        });
    if (!read) {
        return read.error();
    }
    return found;
}

result<void> write_changes(store& state, const std::string& node,
                           std::span<const session_change> all) {
    return state.db().transaction([&]() -> result<void> {
        for (const auto& each : all) {
            const auto counted = counts(state, each);
            if (!counted) {
                return counted.error();
            }
            if (auto done = *counted ? write(state, node, each) : result<void>(); !done) {
                return done;
            }
        }
        return {};
    });
}

result<bool> write_position(store& state, const std::string& node, wall_time now,
                            bus::position position, std::span<const session_low> exceptions) {
    bool was_there = false;
    auto done = state.db().transaction([&]() -> result<void> {
        was_there = false;
        auto written = state.db().query("nodes.is_there", "SELECT 1 FROM nodes WHERE id = ?1",
                                        {node}, [&](const db::row&) { was_there = true; });
        for (std::size_t i = 0; written && i < exceptions.size(); ++i) {
            const auto& each = exceptions[i];
            written =
                state.db().run("nodes.low",
                               "UPDATE mqtt_sessions SET low = ?4"
                               " WHERE client_id = ?1 AND epoch = ?2 AND node = ?3",
                               {each.client_id, to_integer(each.epoch), node, to_value(each.low)});
        }
        return written ? state.db().run("nodes.position",
                                        "INSERT OR REPLACE INTO nodes(id, seen_at, position)"
                                        " VALUES(?1, ?2, ?3)",
                                        {node, to_epoch_milliseconds(now), to_integer(position)})
                       : written;
    });
    return done ? result<bool>(was_there) : result<bool>(done.error());
}

result<void> remove_node(store& state, const std::string& node) {
    return state.db().run("nodes.remove",
                          "DELETE FROM nodes WHERE id = ?1 AND NOT EXISTS"
                          " (SELECT 1 FROM mqtt_sessions WHERE node = ?1) AND NOT EXISTS"
                          " (SELECT 1 FROM mqtt_connections WHERE node = ?1)",
                          {node});
}

result<std::vector<std::string>> end_silent_nodes(store& state, wall_time before) {
    std::vector<std::string> names;
    auto done = state.db().transaction([&]() -> result<void> {
        names.clear();
        auto read = state.db().query("nodes.silent", "SELECT id FROM nodes WHERE seen_at < ?1",
                                     {to_epoch_milliseconds(before)},
                                     [&](const db::row& row) { names.push_back(row.text(0)); });
        for (std::size_t i = 0; read && i < names.size(); ++i) {
            read =
                state.db().run("nodes.leave_all",
                               "UPDATE mqtt_sessions SET"
                               " left_at = (SELECT seen_at FROM nodes WHERE id = ?1),"
                               " low = coalesce(low, (SELECT position FROM nodes WHERE id = ?1)),"
                               " node = NULL WHERE node = ?1",
                               {names[i]});
            if (read) {
                read = leave_wills(state, names[i]);
            }
            if (read) {
                read = lose_connections(state, names[i]);
            }
            if (read) {
                read =
                    state.db().run("nodes.forget", "DELETE FROM nodes WHERE id = ?1", {names[i]});
            }
        }
        return read;
    });
    if (!done) {
        return done.error();
    }
    return names;
}

result<std::vector<std::string>> shares_of_sessions(store& state) {
    std::vector<std::string> filters;
    const auto read =
        state.db().query("nodes.shares",
                         "SELECT DISTINCT filter FROM mqtt_subscriptions"
                         " WHERE filter >= '$share/' AND filter < '$share0'",
                         {}, [&](const db::row& row) { filters.push_back(row.text(0)); });
    if (!read) {
        return read.error();
    }
    return filters;
}

result<void> end_old_sessions(store& state, wall_time now) {
    constexpr std::string_view over =
        "left_at IS NOT NULL AND expiry <> 4294967295 AND left_at + expiry * 1000 <= ?1";
    bool any = false;
    auto read = state.db().query(
        "nodes.any_old", "SELECT 1 FROM mqtt_sessions WHERE " + std::string(over) + " LIMIT 1",
        {to_epoch_milliseconds(now)}, [&](const db::row&) { any = true; });
    if (!read || !any) {
        return read;
    }
    return state.db().transaction([&]() -> result<void> {
        auto forgotten = state.db().run("nodes.forget_old_subscriptions",
                                        "DELETE FROM mqtt_subscriptions WHERE client_id IN"
                                        " (SELECT client_id FROM mqtt_sessions WHERE " +
                                            std::string(over) + ")",
                                        {to_epoch_milliseconds(now)});
        return forgotten ? state.db().run("nodes.forget_old",
                                          "DELETE FROM mqtt_sessions WHERE " + std::string(over),
                                          {to_epoch_milliseconds(now)})
                         : forgotten;
    });
}

result<void> forget_positions(store& state) {
    return state.db().transaction([&]() -> result<void> {
        for (const std::string_view each :
             {"UPDATE mqtt_sessions SET epoch = 0, low = 0", "UPDATE nodes SET position = 0",
              "UPDATE mqtt_subscriptions SET since = 0", "UPDATE mqtt_retained SET position = 0"}) {
            if (auto done = state.db().run(each, each); !done) {
                return done;
            }
        }
        if (auto done = age_wills(state); !done) {
            return done;
        }
        if (auto done = forget_all_connections(state); !done) {
            return done;
        }
        return set_retained_position(state, 0);
    });
}

result<bus::position> retained_position(store& state) {
    bus::position at = 0;
    const auto read =
        state.db().query("nodes.retained_position",
                         "SELECT value FROM settings WHERE name = 'mqtt_retained_position'", {},
                         [&](const db::row& row) {
                             const auto text = row.text(0);
                             std::from_chars(text.data(), text.data() + text.size(), at);
                         });
    return read ? result<bus::position>(at) : result<bus::position>(read.error());
}

// In one transaction: messages and place belong together.
result<bus::position> load_retained(store& state,
                                    const std::function<void(const std::string& bytes)>& each) {
    bus::position at = 0;
    std::vector<std::string> all;
    auto done = state.db().transaction([&]() -> result<void> {
        all.clear();
        auto position = retained_position(state);
        if (!position) {
            return position.error();
        }
        at = *position;
        return state.db().query("nodes.retained", "SELECT message FROM mqtt_retained", {},
                                [&](const db::row& row) { all.push_back(row.text(0)); });
    });
    if (!done) {
        return done.error();
    }
    for (const auto& bytes : all) {
        each(bytes);
    }
    return at;
}

result<void> write_retained(store& state, std::span<const retained_change> all,
                            bus::position upto) {
    return state.db().transaction([&]() -> result<void> {
        const auto before = retained_position(state);
        if (!before) {
            return before.error();
        }
        for (const auto& each : all) {
            if (each.at <= *before) {
                continue;
            }
            auto written =
                each.bytes.empty()
                    ? state.db().run("nodes.clear_retained",
                                     "DELETE FROM mqtt_retained WHERE topic = ?1", {each.topic})
                    : state.db().run("nodes.retain",
                                     "INSERT OR REPLACE INTO mqtt_retained(topic, position,"
                                     " message) VALUES(?1, ?2, ?3)",
                                     {each.topic, to_integer(each.at), db::blob{each.bytes}});
            if (!written) {
                return written;
            }
        }
        return upto > *before ? set_retained_position(state, upto) : result<void>();
    });
}

result<std::string> fleet_id(store& state) {
    std::string id;
    auto done = state.db().transaction([&]() -> result<void> {
        const auto made = hex_encode(random_bytes(fleet_id_bytes));
        auto kept = state.db().run(
            "nodes.make_fleet", "INSERT OR IGNORE INTO settings(name, value) VALUES('fleet', ?1)",
            {db::blob{made}});
        return kept ? state.db().query("nodes.fleet",
                                       "SELECT value FROM settings WHERE name = 'fleet'", {},
                                       [&](const db::row& row) { id = row.text(0); })
                    : kept;
    });
    return done ? result<std::string>(id) : result<std::string>(done.error());
}

}  // namespace evergrass::cloud
