#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/db/engine.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace evergrass::db {
namespace {

// How long a statement waits for another process (`keys create` beside the running service).
constexpr int busy_timeout_ms = 5'000;

struct close_database {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct finalize_statement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using database_handle = std::unique_ptr<sqlite3, close_database>;
using statement_handle = std::unique_ptr<sqlite3_stmt, finalize_statement>;

errc category_of(int code) {
    switch (code & 0xff) {
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return errc::corrupt;
        case SQLITE_CONSTRAINT:
            return errc::conflict;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return errc::timed_out;
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return errc::denied;
        case SQLITE_TOOBIG:
            return errc::too_large;
        case SQLITE_READONLY:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_NOMEM:
            return errc::unavailable;
        default:
            return errc::invalid_input;
    }
}

// What the person who runs the program can do about it.
std::string_view advice(int code) {
    switch (code & 0xff) {
        case SQLITE_NOTADB:
            return "; move the file away or restore it from a backup";
        case SQLITE_CORRUPT:
            return "; stop the program and restore the file from a backup, or try "
                   "`sqlite3 FILE .recover`";
        case SQLITE_FULL:
            return "; free space on its disk";
        case SQLITE_BUSY:
            return "; another process holds it";
        case SQLITE_READONLY:
            return "; make the file and its directory writable for this user";
        default:
            return "";
    }
}

// Makes the file for its owner alone; SQLite gives its -wal and -shm files the same mode.
result<void> make_private_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        ::close(file);
        const auto parent = std::filesystem::path(path).parent_path();
        return sync_directory(parent.empty() ? "." : parent);
    }
    if (errno != EEXIST) {
        return errno_error("cannot make the database " + path);
    }
    return {};
}

int bind_value(sqlite3_stmt* statement, int index, const value& bound) {
    if (const auto* number = std::get_if<std::int64_t>(&bound)) {
        return sqlite3_bind_int64(statement, index, *number);
    }
    if (const auto* text = std::get_if<std::string>(&bound)) {
        return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    }
    if (const auto* bytes = std::get_if<blob>(&bound)) {
        // An empty blob is not null: SQLite tells them apart by the pointer.
        return sqlite3_bind_blob64(statement, index,
                                   bytes->bytes.empty() ? "" : bytes->bytes.data(),
                                   bytes->bytes.size(), SQLITE_STATIC);
    }
    return sqlite3_bind_null(statement, index);
}

// Gives a statement back for its next use on every way out: reset, and nothing of the caller bound.
struct reset_on_exit {
    sqlite3_stmt* statement;
    ~reset_on_exit() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
};

class statement_row final : public row_source {
public:
    explicit statement_row(sqlite3_stmt* statement) : statement_(statement) {}

    std::string text(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        const auto size = sqlite3_column_bytes(statement_, column);
        return bytes == nullptr ? std::string()
                                : std::string(bytes, static_cast<std::size_t>(size));
    }

    std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }

    bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }

private:
    sqlite3_stmt* statement_;
};

struct shared_mutex {
    fair_mutex shared;
};

// One file, one connection, which its threads share.
class sqlite_file final : private shared_mutex, public engine, public session {
public:
    sqlite_file() : session(shared) {}
    result<void> open(const std::string& path);

    session& here() override { return *this; }
    result<void> back_up(const std::string& to) override;
    result<void> migrate(const std::vector<std::string_view>& migrations) override;

    result<void> step(std::string_view name, std::string_view sql, const std::vector<value>& bound,
                      const row_visitor& each) override;
    result<void> begin(int level) override;
    result<void> commit(int level) override;
    void undo(int level) override;
    bool is_here() const override { return true; }
    bool begin_reading() override;
    void end_reading() override;
    std::int64_t changes() const override { return sqlite3_changes64(database_.get()); }
    std::int64_t last_inserted() override { return sqlite3_last_insert_rowid(database_.get()); }

private:
    int open_file(const std::string& path, int flags);

    error failed(int code, std::string_view what) const {
        std::string context = "database " + path_ + ": " + std::string(what) + ": " +
                              sqlite3_errmsg(database_.get()) + std::string(advice(code));
        return {category_of(code), std::move(context)};
    }

    result<statement_handle> prepare(std::string_view name, std::string_view sql) {
        sqlite3_stmt* made = nullptr;
        const int code =
            sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        statement_handle statement(made);
        if (code != SQLITE_OK) {
            return failed(code, name);
        }
        return statement;
    }

    // The kept statement of that name. One that is being stepped further up the stack cannot be
    // used twice: `spare` then holds another for the time of this call.
    result<sqlite3_stmt*> statement(std::string_view name, std::string_view sql,
                                    statement_handle& spare) {
        const auto kept = statements_.find(name);
        if (kept != statements_.end() && sqlite3_stmt_busy(kept->second.get()) == 0) {
            if (sqlite3_sql(kept->second.get()) != sql) {
                return error{errc::invalid_input,
                             "two statements share the name " + std::string(name)};
            }
            return kept->second.get();
        }
        auto made = prepare(name, sql);
        if (!made) {
            return made.error();
        }
        if (kept != statements_.end()) {
            spare = std::move(*made);
            return spare.get();
        }
        return statements_.emplace(std::string(name), std::move(*made)).first->second.get();
    }

    result<void> execute(const std::string& sql, std::string_view what) {
        const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) {
            return failed(code, what);
        }
        return {};
    }

    result<std::int64_t> number(std::string_view name, std::string_view sql) {
        std::int64_t found = 0;
        auto read = step(name, sql, {}, [&](const row_source& r) { found = r.integer(0); });
        if (!read) {
            return read.error();
        }
        return found;
    }

    std::string path_;
    database_handle database_;
    // After `database_`: statements are finalized before it closes.
    std::map<std::string, statement_handle, std::less<>> statements_;
};

std::string savepoint_of(int level) {
    return "level" + std::to_string(level);
}

result<void> sqlite_file::open(const std::string& path) {
    if (auto made = make_private_file(path); !made) {
        return made.error();
    }
    if (const int code = open_file(path, SQLITE_OPEN_READWRITE); code != SQLITE_OK) {
        return failed(code, "cannot open it");
    }
    // The first read: shows a file that is no database, or that was cut short.
    if (auto tables = number("db.probe", "SELECT count(*) FROM sqlite_master"); !tables) {
        return tables.error();
    }
    for (const auto* setting :
         {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA trusted_schema=OFF"}) {
        if (auto set = execute(setting, setting); !set) {
            return set.error();
        }
    }
    return {};
}

int sqlite_file::open_file(const std::string& path, int flags) {
    path_ = path;
    sqlite3* database = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &database,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    database_.reset(database);
    sqlite3_busy_timeout(database, busy_timeout_ms);
    return code;
}

result<void> sqlite_file::begin(int level) {
    return execute(level == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT " + savepoint_of(level), "begin");
}

result<void> sqlite_file::commit(int level) {
    return execute(level == 0 ? "COMMIT" : "RELEASE " + savepoint_of(level), "commit");
}

void sqlite_file::undo(int level) {
    // Fails only where SQLite has rolled back by itself (disk full): the outcome is the same.
    (void)execute(level == 0
                      ? "ROLLBACK"
                      : "ROLLBACK TO " + savepoint_of(level) + "; RELEASE " + savepoint_of(level),
                  "undo");
}

bool sqlite_file::begin_reading() {
    return step("db.begin_reading", "BEGIN", {}, nullptr).has_value();
}

void sqlite_file::end_reading() {
    // Nothing was written that could fail.
    (void)step("db.end_reading", "COMMIT", {}, nullptr);
}

result<void> sqlite_file::step(std::string_view name, std::string_view sql,
                               const std::vector<value>& bound, const row_visitor& each) {
    statement_handle spare;
    const auto found = statement(name, sql, spare);
    if (!found) {
        return found.error();
    }
    auto* const running = *found;
    const reset_on_exit give_back{running};
    for (std::size_t i = 0; i < bound.size(); ++i) {
        const int code = bind_value(running, static_cast<int>(i + 1), bound[i]);
        if (code != SQLITE_OK) {
            return failed(code, name);
        }
    }
    int code = sqlite3_step(running);
    for (; code == SQLITE_ROW; code = sqlite3_step(running)) {
        if (each) {
            each(statement_row(running));
        }
    }
    if (code != SQLITE_DONE) {
        return failed(code, name);
    }
    return {};
}

result<void> sqlite_file::migrate(const std::vector<std::string_view>& migrations) {
    const std::lock_guard guard(shared);
    const auto version = number("db.version", "PRAGMA user_version");
    if (!version) {
        return version.error();
    }
    const auto known = static_cast<std::int64_t>(migrations.size());
    if (*version < 0 || *version > known) {
        return error{errc::unsupported, "database " + path_ + " has schema " +
                                            std::to_string(*version) + ", this build knows up to " +
                                            std::to_string(known) +
                                            "; run the build that wrote it, or restore a backup"};
    }
    const auto objects = number("db.probe", "SELECT count(*) FROM sqlite_master");
    if (!objects) {
        return objects.error();
    }
    if (*version == 0 && *objects != 0) {
        return error{errc::conflict,
                     "database " + path_ + " belongs to another program; name another file"};
    }
    for (auto next = *version; next < known; ++next) {
        const auto numbered = std::to_string(next + 1);
        auto applied = in_transaction(
            *this,
            [&]() -> result<void> {
                auto changed = execute(std::string(migrations[static_cast<std::size_t>(next)]),
                                       "migration " + numbered);
                return changed ? execute("PRAGMA user_version=" + numbered, "migration " + numbered)
                               : changed;
            },
            {});
        if (!applied) {
            return applied;
        }
    }
    return {};
}

result<void> sqlite_file::back_up(const std::string& to) {
    std::error_code ignored;
    std::filesystem::remove(to, ignored);
    if (auto made = make_private_file(to); !made) {
        return made;
    }
    // A connection of its own reads one state of the WAL, which no writer disturbs.
    sqlite_file from;
    sqlite_file copy;
    if (const int code = from.open_file(path_, SQLITE_OPEN_READONLY); code != SQLITE_OK) {
        return from.failed(code, "cannot read it for a backup");
    }
    if (const int code = copy.open_file(to, SQLITE_OPEN_READWRITE); code != SQLITE_OK) {
        return copy.failed(code, "cannot open the backup");
    }
    auto* const work =
        sqlite3_backup_init(copy.database_.get(), "main", from.database_.get(), "main");
    if (work == nullptr) {
        return copy.failed(sqlite3_errcode(copy.database_.get()), "cannot begin the backup");
    }
    sqlite3_backup_step(work, -1);
    if (const int code = sqlite3_backup_finish(work); code != SQLITE_OK) {
        return copy.failed(code, "cannot write the backup");
    }
    // One file, without a log beside it.
    return copy.execute("PRAGMA journal_mode=DELETE", "journal_mode");
}

}  // namespace

result<std::unique_ptr<engine>> open_sqlite(const std::string& path) {
    auto made = std::make_unique<sqlite_file>();
    if (auto opened = made->open(path); !opened) {
        return opened.error();
    }
    return std::unique_ptr<engine>(std::move(made));
}

}  // namespace evergrass::db
