#include "libs/db/state_mark.hpp"

namespace evergrass::db {
namespace {

std::optional<std::int64_t> number(connection& db, std::string_view name, std::string_view sql) {
    std::optional<std::int64_t> found;
    const auto read = db.query(name, sql, {}, [&](const row& r) { found = r.integer(0); });
    return read ? found : std::nullopt;
}

}  // namespace

std::optional<state_mark> mark_of(connection& db, const connection::reading&) {
    const auto by_others = number(db, "db.data_version", "PRAGMA data_version");
    // Each row of an INSERT, UPDATE or DELETE, also of one of all rows, which SQLite does in bulk.
    const auto by_this = number(db, "db.total_changes", "SELECT total_changes()");
    return by_others && by_this ? std::optional(state_mark{*by_others, *by_this}) : std::nullopt;
}

}  // namespace evergrass::db
