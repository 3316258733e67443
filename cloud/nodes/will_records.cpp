#include "cloud/nodes/will_records.hpp"

#include "cloud/iot/hub_policy.hpp"

#include <memory>
#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::string_view certificate_prefix = "certificate:";
constexpr std::string_view key_prefix = "key:";

std::int64_t to_integer(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

result<void> write_begun(store& state, const std::string& node, const will_change& change) {
    auto& db = state.db();
    const auto epoch = to_integer(change.epoch);
    // Without a delay it is published when its connection ends, by whoever had that, and not at all
    // where that service is dead and the client is back before anybody noticed.
    auto done = db.run("wills.back",
                       "UPDATE mqtt_wills SET back = 1"
                       " WHERE client_id = ?1 AND epoch < ?2 AND delay = 0",
                       {change.client_id, epoch});
    if (done) {
        done = change.resumed
                   ? db.run("wills.cancel",
                            "DELETE FROM mqtt_wills"
                            " WHERE client_id = ?1 AND epoch < ?2 AND delay > 0",
                            {change.client_id, epoch})
                   : db.run("wills.session_ended",
                            "UPDATE mqtt_wills SET due = ?3, node = NULL"
                            " WHERE client_id = ?1 AND epoch < ?2 AND delay > 0",
                            {change.client_id, epoch, to_epoch_milliseconds(change.now)});
    }
    if (!done || !change.given) {
        return done;
    }
    // One that its service says late, or again, may be of a client that is elsewhere by now.
    bool is_elsewhere = false;
    done = db.query("wills.later_session",
                    "SELECT 1 FROM mqtt_sessions WHERE client_id = ?1 AND epoch > ?2",
                    {change.client_id, epoch}, [&](const db::row&) { is_elsewhere = true; });
    if (!done || is_elsewhere) {
        return done;
    }
    const auto& will = *change.given;
    return db.run("wills.give",
                  "INSERT OR REPLACE INTO mqtt_wills(client_id, epoch, node, delay, lifetime, due,"
                  " back, principal, message) VALUES(?1, ?2, ?3, ?4, ?5, NULL, 0, ?6, ?7)",
                  {change.client_id, epoch, node, static_cast<std::int64_t>(will.delay),
                   will.lifetime ? db::value(*will.lifetime) : db::value(), will.principal,
                   db::blob{will.message}});
}

}  // namespace

result<void> write_will(store& state, const std::string& node, const will_change& change) {
    if (!change.has_left) {
        return write_begun(state, node, change);
    }
    if (!change.due) {
        return remove_will(state, change.client_id, change.epoch);
    }
    return state.db().run(
        "wills.leave",
        "UPDATE mqtt_wills SET due = ?3, node = NULL"
        " WHERE client_id = ?1 AND epoch = ?2 AND due IS NULL",
        {change.client_id, to_integer(change.epoch), to_epoch_milliseconds(*change.due)});
}

result<void> leave_wills(store& state, const std::string& node) {
    auto done = state.db().run("wills.of_those_who_are_back",
                               "DELETE FROM mqtt_wills WHERE node = ?1 AND back = 1", {node});
    return done ? state.db().run("wills.leave_all",
                                 "UPDATE mqtt_wills SET due = delay * 1000 +"
                                 " (SELECT seen_at FROM nodes WHERE id = ?1), node = NULL"
                                 " WHERE node = ?1",
                                 {node})
                : done;
}

result<void> age_wills(store& state) {
    auto done = state.db().run("wills.drop_aged", "DELETE FROM mqtt_wills WHERE epoch < 0", {});
    return done ? state.db().run("wills.age", "UPDATE mqtt_wills SET epoch = -1 - epoch", {})
                : done;
}

result<bool> has_wills(store& state, const std::string& client_id) {
    bool any = false;
    const auto read =
        state.db().query("wills.any", "SELECT 1 FROM mqtt_wills WHERE client_id = ?1 LIMIT 1",
                         {client_id}, [&](const db::row&) { any = true; });
    return read ? result<bool>(any) : result<bool>(read.error());
}

result<std::vector<stored_will>> due_wills(store& state, wall_time now) {
    std::vector<stored_will> found;
    const auto read = state.db().query(
        "wills.due",
        "SELECT client_id, epoch, delay, lifetime, principal, message FROM mqtt_wills"
        " WHERE due <= ?1 ORDER BY due LIMIT 256",
        {to_epoch_milliseconds(now)}, [&](const db::row& row) {
            stored_will one;
            one.client_id = row.text(0);
            one.epoch = static_cast<bus::position>(row.integer(1));
            one.delay = static_cast<std::uint32_t>(row.integer(2));
            if (!row.is_null(3)) {
                one.lifetime = row.integer(3);
            }
            one.principal = row.text(4);
            one.message = row.text(5);
            found.push_back(std::move(one));
        });
    if (!read) {
        return read.error();
    }
    return found;
}

result<void> remove_will(store& state, const std::string& client_id, bus::position epoch) {
    return state.db().run("wills.remove",
                          "DELETE FROM mqtt_wills WHERE client_id = ?1 AND epoch = ?2",
                          {client_id, to_integer(epoch)});
}

std::string principal_text(const mqtt::client_identity& who) {
    if (const auto* const key = static_cast<const access_key_principal*>(who.attachment.get())) {
        return std::string(key_prefix) + std::string(to_string(key->role)) + ":" +
               key->access_key_id;
    }
    return who.certificate_id ? std::string(certificate_prefix) + *who.certificate_id : "";
}

mqtt::client_identity parse_principal(std::string_view text) {
    mqtt::client_identity who;
    if (text.starts_with(certificate_prefix)) {
        who.certificate_id = text.substr(certificate_prefix.size());
    } else if (text.starts_with(key_prefix)) {
        text.remove_prefix(key_prefix.size());
        const auto colon = text.find(':');
        const auto role = parse_access_role(text.substr(0, colon));
        if (role && colon != std::string_view::npos) {
            access_key_principal key;
            key.access_key_id = text.substr(colon + 1);
            key.role = *role;
            who.attachment = std::make_shared<const access_key_principal>(std::move(key));
        }
    }
    return who;
}

}  // namespace evergrass::cloud
