#include "cloud/iot/shadow_records.hpp"

#include "libs/shadow/stored.hpp"

namespace evergrass::cloud {

result<shadow::document> load_shadow(store& state, const shadow::shadow_id& which, wall_time now) {
    result<shadow::document> found = shadow::document();
    const auto read = state.db().query(
        "shadows.load",
        "SELECT version, document FROM shadows WHERE thing = ?1 AND name = ?2"
        " AND (document IS NOT NULL OR updated_at >= ?3)",
        {which.thing, which.name, to_epoch_milliseconds(now - deleted_shadow_kept_for)},
        [&](const db::row& row) {
            const auto version = row.integer(0);
            if (row.is_null(1)) {
                found->version = version;
            } else {
                found = shadow::from_stored_text(row.text(1), version);
            }
        });
    if (!read) {
        return read.error();
    }
    if (!found) {
        return with_context(found.error(), "shadow '" + which.name + "' of thing " + which.thing);
    }
    return found;
}

result<void> save_shadow(store& state, const shadow::shadow_id& which,
                         const shadow::document& document, wall_time now) {
    return state.db().run(
        "shadows.save",
        "INSERT INTO shadows(thing, name, version, document, updated_at)"
        " VALUES(?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(thing, name) DO UPDATE SET version = excluded.version,"
        "  document = excluded.document, updated_at = excluded.updated_at",
        {which.thing, which.name, document.version,
         document.exists ? db::value(shadow::to_stored_text(document)) : db::value(),
         to_epoch_milliseconds(now)});
}

result<void> forget_deleted_shadows(store& state, wall_time now) {
    return state.db().run("shadows.forget",
                          "DELETE FROM shadows WHERE document IS NULL AND updated_at < ?1",
                          {to_epoch_milliseconds(now - deleted_shadow_kept_for)});
}

result<std::vector<std::string>> list_shadow_names(store& state, const std::string& thing,
                                                   const std::string& after, std::int64_t limit) {
    std::vector<std::string> names;
    const auto read = state.db().query(
        "shadows.list",
        "SELECT name FROM shadows WHERE thing = ?1 AND name > ?2 AND document IS NOT NULL"
        " ORDER BY name LIMIT ?3",
        {thing, after, limit}, [&](const db::row& row) { names.push_back(row.text(0)); });
    if (!read) {
        return read.error();
    }
    return names;
}

}  // namespace evergrass::cloud
