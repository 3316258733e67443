#include "edge/shadows/shadow_store.hpp"

#include "libs/base/errors.hpp"
#include "libs/shadow/parse.hpp"
#include "libs/shadow/print.hpp"
#include "libs/shadow/stored.hpp"

#include <system_error>
#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::size_t deepest_stored = 32;

// docs/formats/shadow-database.md. Never edited once released, only added to.
const std::vector<std::string_view> migrations = {R"sql(
CREATE TABLE shadows(
    thing TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, document TEXT,
    updated_at INTEGER NOT NULL, PRIMARY KEY(thing, name)) WITHOUT ROWID;
CREATE INDEX shadows_deleted ON shadows(updated_at) WHERE document IS NULL;
CREATE TABLE synced(
    thing TEXT NOT NULL, name TEXT NOT NULL, in_cloud INTEGER NOT NULL,
    cloud_version INTEGER NOT NULL, base TEXT NOT NULL, sent TEXT,
    PRIMARY KEY(thing, name)) WITHOUT ROWID;
)sql"};

result<std::unique_ptr<db::connection>> open_database(const std::filesystem::path& file) {
    auto opened = db::connection::open(file.string());
    if (!opened) {
        return opened;
    }
    if (auto migrated = (*opened)->migrate(migrations); !migrated) {
        return migrated.error();
    }
    // Reads every page: damage is found now, and not by the request that needs the page.
    std::string found;
    const auto checked = (*opened)->query("shadows.check", "PRAGMA quick_check(1)", {},
                                          [&](const db::row& row) { found = row.text(0); });
    if (!checked) {
        return checked.error();
    }
    if (found != "ok") {
        return error{errc::corrupt, "database " + file.string() + ": " + found};
    }
    return opened;
}

result<void> move_aside(const std::filesystem::path& file) {
    std::error_code failed;
    std::filesystem::rename(file, file.string() + ".damaged", failed);
    if (failed) {
        return error{{failed.value(), boost::system::system_category()},
                     "cannot rename the damaged " + file.string()};
    }
    // They belong to the file that has gone.
    for (const auto* suffix : {"-wal", "-shm"}) {
        std::filesystem::remove(file.string() + suffix, failed);
    }
    return {};
}

result<json::object> read_state(const std::string& text) {
    auto parsed = shadow::parse(text, deepest_stored);
    if (!parsed || !parsed->is_object()) {
        return error{errc::corrupt, "is no JSON object"};
    }
    return std::move(parsed->get_object());
}

}  // namespace

result<std::unique_ptr<shadow_store>> shadow_store::open(const std::filesystem::path& file) {
    std::error_code failed;
    std::filesystem::create_directories(file.parent_path(), failed);
    if (failed) {
        return error{{failed.value(), boost::system::system_category()},
                     "cannot make the directory " + file.parent_path().string()};
    }
    auto opened = open_database(file);
    if (opened) {
        return std::unique_ptr<shadow_store>(new shadow_store(std::move(*opened)));
    }
    if (opened.error().code != errc::corrupt) {
        return opened.error();
    }
    if (auto moved = move_aside(file); !moved) {
        return moved.error();
    }
    auto fresh = open_database(file);
    if (!fresh) {
        return fresh.error();
    }
    std::unique_ptr<shadow_store> made(new shadow_store(std::move(*fresh)));
    made->moved_aside_ = opened.error();
    return made;
}

result<shadow::document> shadow_store::load(const shadow::shadow_id& which, wall_time now) {
    result<shadow::document> found = shadow::document();
    const auto read =
        db_->query("shadows.load",
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

result<void> shadow_store::save(const shadow::shadow_id& which, const shadow::document& document,
                                wall_time now) {
    return db_->run("shadows.save",
                    "INSERT INTO shadows(thing, name, version, document, updated_at)"
                    " VALUES(?1, ?2, ?3, ?4, ?5)"
                    " ON CONFLICT(thing, name) DO UPDATE SET version = excluded.version,"
                    "  document = excluded.document, updated_at = excluded.updated_at",
                    {which.thing, which.name, document.version,
                     document.exists ? db::value(shadow::to_stored_text(document)) : db::value(),
                     to_epoch_milliseconds(now)});
}

result<void> shadow_store::forget_deleted(wall_time now) {
    return db_->run("shadows.forget",
                    "DELETE FROM shadows WHERE document IS NULL AND updated_at < ?1",
                    {to_epoch_milliseconds(now - deleted_shadow_kept_for)});
}

result<std::int64_t> shadow_store::count() {
    std::int64_t all = 0;
    const auto read =
        db_->query("shadows.count", "SELECT count(*) FROM shadows WHERE document IS NOT NULL", {},
                   [&](const db::row& row) { all = row.integer(0); });
    if (!read) {
        return read.error();
    }
    return all;
}

result<std::vector<shadow::shadow_id>> shadow_store::list() {
    std::vector<shadow::shadow_id> all;
    const auto read = db_->query(
        "shadows.list",
        "SELECT thing, name FROM shadows WHERE document IS NOT NULL ORDER BY thing, name", {},
        [&](const db::row& row) {
            all.push_back({row.text(0), row.text(1)});
        });
    if (!read) {
        return read.error();
    }
    return all;
}

// A record that can't be read is as one that never was: both sides are compared from the beginning.
result<sync_record> shadow_store::record(const shadow::shadow_id& which) {
    sync_record found;
    const auto read = db_->query(
        "synced.load",
        "SELECT in_cloud, cloud_version, base, sent FROM synced WHERE thing = ?1 AND name = ?2",
        {which.thing, which.name}, [&](const db::row& row) {
            auto base = read_state(row.text(2));
            if (!base) {
                return;
            }
            found.in_cloud = row.integer(0) != 0;
            found.cloud_version = row.integer(1);
            found.base = std::move(*base);
            if (row.is_null(3)) {
                return;
            }
            if (auto sent = read_state(row.text(3))) {
                found.sent = std::move(*sent);
            }
        });
    if (!read) {
        return read.error();
    }
    return found;
}

result<void> shadow_store::keep(const shadow::shadow_id& which, const sync_record& what) {
    return db_->run(
        "synced.save",
        "INSERT INTO synced(thing, name, in_cloud, cloud_version, base, sent)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT(thing, name) DO UPDATE SET in_cloud = excluded.in_cloud,"
        "  cloud_version = excluded.cloud_version, base = excluded.base,"
        "  sent = excluded.sent",
        {which.thing, which.name, std::int64_t(what.in_cloud ? 1 : 0), what.cloud_version,
         shadow::print(what.base), what.sent ? db::value(shadow::print(*what.sent)) : db::value()});
}

result<void> shadow_store::clear() {
    return db_->transaction([&]() -> result<void> {
        if (auto cleared = db_->run("shadows.clear", "DELETE FROM shadows"); !cleared) {
            return cleared;
        }
        return db_->run("synced.clear", "DELETE FROM synced");
    });
}

}  // namespace evergrass::edge
