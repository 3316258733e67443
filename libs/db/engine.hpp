#pragma once

#include "libs/db/sqlite.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What db::connection asks of a database. Only this folder includes it.
namespace evergrass::db {

// Where row's columns come from; valid inside the visitor only.
class row_source {
public:
    virtual std::string text(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual bool is_null(int column) const = 0;

protected:
    ~row_source() = default;
};

using row_visitor = std::function<void(const row_source&)>;  // empty: rows are not looked at

// One transaction at a time. Whoever uses one holds `mutex`.
class session {
public:
    explicit session(fair_mutex& guard) : mutex(guard) {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    virtual ~session() = default;

    virtual result<void> step(std::string_view name, std::string_view sql,
                              const std::vector<value>& bound, const row_visitor& each) = 0;
    // A statement that writes, maybe outside of a transaction.
    virtual result<void> run(std::string_view name, std::string_view sql,
                             const std::vector<value>& bound) {
        return step(name, sql, bound, nullptr);
    }

    // level 0 is the transaction, one above it a savepoint. undo() of what failed by itself is
    // allowed. After a failed commit() of level 0 comes an undo().
    virtual result<void> begin(int level) = 0;
    virtual result<void> commit(int level) = 0;
    virtual void undo(int level) = 0;

    // What commit() of level 0 left to do once `mutex` is released: a wait for a disk. Its error is
    // the transaction's.
    virtual result<void> settle() { return {}; }

    // For statements that only read, outside of a transaction: between the two they see one state,
    // and share what it costs to look for the newest. False: it cannot be had, whatever the reason.
    virtual bool begin_reading() { return false; }
    virtual void end_reading() {}

    virtual std::int64_t changes() const = 0;
    virtual std::int64_t last_inserted() = 0;

    // The engine's: while a transaction is open nobody else of this process reads, so that whoever
    // is told of a change inside of it and looks, sees it.
    fair_mutex& mutex;
    int depth = 0;  // transactions that are begun
};

class engine {
public:
    engine() = default;
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    virtual ~engine() = default;

    // The one that the calling thread uses; any thread.
    virtual session& here() = 0;
    // Whether statements are carried out by the calling thread, and not by a server.
    virtual bool is_here() const { return false; }
    virtual result<void> back_up(const std::string& to) = 0;
    virtual result<void> migrate(const std::vector<std::string_view>& migrations) = 0;
};

result<std::unique_ptr<engine>> open_sqlite(const std::string& path);
// `url`: postgresql://... or postgres://..., as libpq reads it.
result<std::unique_ptr<engine>> open_postgres(const std::string& url);

// The transaction of connection::transaction(), for engines' own use too.
result<void> in_transaction(session& on, const std::function<result<void>()>& work,
                            const std::function<result<void>()>& before_commit);

}  // namespace evergrass::db
