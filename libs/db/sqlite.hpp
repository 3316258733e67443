#pragma once

#include "libs/base/result.hpp"
#include "libs/db/fair_mutex.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace evergrass::db {

class session;

// A bound parameter or a column. blob bytes are held in a std::string too; see `blob`.
struct blob {
    std::string bytes;
};
using value = std::variant<std::monostate, std::int64_t, std::string, blob>;

// One row of an answer; valid inside the callback only.
class row {
public:
    std::string text(int column) const;
    std::int64_t integer(int column) const;
    bool is_null(int column) const;

private:
    friend class connection;
    explicit row(void* statement) : statement_(statement) {}
    void* statement_;
};

// A file of SQLite's, in WAL mode with synchronous=FULL, or PostgreSQL (postgres.hpp): what a
// committed transaction wrote survives kill -9 and a power cut. Statements are SQLite's
// (dialect.hpp), prepared once and kept. Threads hold `lock()` for what belongs together.
class connection {
public:
    // Makes the file with mode 0600 when missing. The error names the file and what to do.
    static result<std::unique_ptr<connection>> open(const std::string& path);
    ~connection();

    // `name` is the statement's name in logs and errors: one statement, one name. The text is a
    // literal of ours; everything from outside is bound.
    result<void> run(std::string_view name, std::string_view sql,
                     const std::vector<value>& bound = {});
    result<void> query(std::string_view name, std::string_view sql, const std::vector<value>& bound,
                       const std::function<void(const row&)>& each);
    std::int64_t changes() const;        // rows changed by the last run()
    std::int64_t last_inserted() const;  // the rowid of the last INSERT

    // Runs `work` in one transaction: committed when it returns success, rolled back on an error or
    // an exception. Inside another transaction() it is a part of that one (a savepoint): an error
    // undoes the part alone, and success is durable when the outermost has committed. Holds lock().
    result<void> transaction(const std::function<result<void>()>& work);

    // Called in each outermost transaction whose work was done, on its thread, before it is
    // committed: what it writes is a part of it, and its error undoes all. Set before threads share
    // the connection.
    void set_before_commit(std::function<result<void>()> work);

    // Copies the database as it is at this moment into a file that is made with mode 0600, or
    // replaced. Others read and write meanwhile but for milliseconds at a time; what they write is
    // in it or not as a whole.
    result<void> back_up(const std::string& to);

    // Applies the numbered migrations that the file has not had, each in a transaction of its own.
    // A file from a later build is refused.
    result<void> migrate(const std::vector<std::string_view>& migrations);

    std::unique_lock<fair_mutex> lock();

    // lock() for a thread that must not wait, and that only reads: while it is there, statements
    // see one state of the database, the newest at the first of them, and cost less.
    class reading {
    public:
        reading(reading&& other) noexcept;
        reading& operator=(reading&&) = delete;
        ~reading();

    private:
        friend class connection;
        reading(std::unique_lock<fair_mutex> hold, session& on)
            : hold_(std::move(hold)), on_(&on) {}

        std::unique_lock<fair_mutex> hold_;
        session* on_;
    };
    // nullopt: a thread has the lock, or waits for it; this one is in a transaction; or the
    // database is a server's, which takes its time. transaction() fails while it is there.
    std::optional<reading> try_reading();
    // Whether try_reading() can succeed at all. Always the same.
    bool can_read_at_once() const;

    // Whether a thread waits for lock(): work in the background then ends its transaction soon.
    bool is_wanted() const;
    // Such work calls it before a transaction: those who wait for lock() go first, up to
    // fair_mutex::most_before_background of them.
    void give_way();

private:
    struct implementation;
    explicit connection(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::db
