#include "libs/db/postgres.hpp"

#include "libs/base/errors.hpp"
#include "libs/db/byte_link.hpp"
#include "libs/db/dialect.hpp"
#include "libs/db/engine.hpp"
#include "libs/db/postgres_link.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace evergrass::db {
namespace {

constexpr Oid bytes_type = 17;  // bytea, in PostgreSQL's catalog of types
constexpr Oid text_type = 25;
constexpr Oid truth_type = 16;

// How libpq is to give an answer's columns.
constexpr int as_text = 0;
constexpr int as_bytes = 1;

// After one that failed, others do not wait for the same.
constexpr std::chrono::milliseconds between_connects{300};

// One after the other. The lock is given on when a transaction is committed, which is before it is
// on the disk.
const std::string begin_transaction =
    "BEGIN; SET LOCAL synchronous_commit = off; SELECT pg_advisory_xact_lock(" +
    std::string(write_lock) + ")";
// It is written after what was committed before, and answered when it is on the disk, so that is
// too. Those of several sessions are written by one fsync.
const std::string write_through = "SELECT pg_logical_emit_message(true, 'evergrass', '')";

struct prepared {
    std::string text;  // as the caller has it
    std::string name;  // the server's
    int parameters = 0;
    std::vector<int> null_of;
    bool only_reads = false;
    std::vector<Oid> types;
};

int hex_digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

class answer_row final : public row_source {
public:
    answer_row(const PGresult* answer, int at) : answer_(answer), at_(at) {}

    std::string text(int column) const override {
        const std::string_view shown(
            pq().PQgetvalue(answer_, at_, column),
            static_cast<std::size_t>(pq().PQgetlength(answer_, at_, column)));
        const auto type = pq().PQftype(answer_, column);
        if (type == truth_type && !shown.empty()) {
            return shown == "t" ? "1" : "0";
        }
        if (type != bytes_type) {
            return std::string(shown);
        }
        std::string bytes;  // "\x" and two digits each
        bytes.reserve(shown.size() / 2);
        for (std::size_t i = 2; i + 1 < shown.size(); i += 2) {
            bytes += static_cast<char>(hex_digit(shown[i]) * 16 + hex_digit(shown[i + 1]));
        }
        return bytes;
    }

    std::int64_t integer(int column) const override {
        const auto shown = pq().PQgetvalue(answer_, at_, column);
        if (pq().PQftype(answer_, column) == truth_type) {
            return shown[0] == 't' ? 1 : 0;
        }
        std::int64_t number = 0;
        std::from_chars(shown, shown + pq().PQgetlength(answer_, at_, column), number);
        return number;
    }

    bool is_null(int column) const override { return pq().PQgetisnull(answer_, at_, column) != 0; }

private:
    const PGresult* answer_;
    int at_;
};

// What libpq is given for the bound values.
class parameters {
public:
    result<void> bind(const std::vector<value>& bound, const prepared& to) {
        const auto count = static_cast<std::size_t>(to.parameters);
        numbers_.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            values_.push_back(nullptr);
            lengths_.push_back(0);
            formats_.push_back(0);
            if (i >= bound.size()) {
                continue;  // null
            }
            if (const auto* number = std::get_if<std::int64_t>(&bound[i])) {
                numbers_[i] = std::to_string(*number);
                values_.back() = numbers_[i].c_str();
            } else if (const auto* text = std::get_if<std::string>(&bound[i])) {
                if (auto done = put(*text, to.types[i]); !done) {
                    return done;
                }
            } else if (const auto* bytes = std::get_if<blob>(&bound[i])) {
                if (auto done = put(bytes->bytes, to.types[i]); !done) {
                    return done;
                }
            }
        }
        for (const int number : to.null_of) {
            const auto index = static_cast<std::size_t>(number - 1);
            const bool is_null =
                index >= bound.size() || std::holds_alternative<std::monostate>(bound[index]);
            values_.push_back(is_null ? "t" : "f");
            lengths_.push_back(1);
            formats_.push_back(0);
        }
        return {};
    }

    int count() const { return static_cast<int>(values_.size()); }
    const char* const* values() const { return values_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }

private:
    result<void> put(const std::string& bytes, Oid type) {
        if (type != bytes_type && bytes.find('\0') != std::string::npos) {
            return error{errc::invalid_input,
                         "PostgreSQL stores no text that has the character U+0000 in it"};
        }
        values_.back() = bytes.c_str();
        lengths_.back() = static_cast<int>(bytes.size());
        formats_.back() = type == bytes_type ? 1 : 0;
        return {};
    }

    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::vector<std::string> numbers_;
};

// Where the server is, and when it was last not there; any thread.
class server_address {
public:
    explicit server_address(std::string url) : url_(std::move(url)), shown_(shown_postgres(url_)) {}

    const std::string& shown() const { return shown_; }

    result<link_handle> connect() {
        {
            const std::lock_guard hold(mutex_);
            if (failed_ && std::chrono::steady_clock::now() < failed_->first + between_connects) {
                return failed_->second;
            }
        }
        auto made = link_to_postgres(url_);
        const std::lock_guard hold(mutex_);
        if (made) {
            failed_.reset();
        } else {
            failed_.emplace(std::chrono::steady_clock::now(), made.error());
        }
        return made;
    }

private:
    const std::string url_;
    const std::string shown_;
    std::mutex mutex_;
    std::optional<std::pair<std::chrono::steady_clock::time_point, error>> failed_;
};

class postgres_session final : public session {
public:
    postgres_session(server_address& server, fair_mutex& guard) : session(guard), server_(server) {}

    result<void> step(std::string_view name, std::string_view sql, const std::vector<value>& bound,
                      const row_visitor& each) override;
    result<void> run(std::string_view name, std::string_view sql,
                     const std::vector<value>& bound) override;
    result<void> begin(int level) override;
    result<void> commit(int level) override;
    void undo(int level) override;
    result<void> settle() override;
    std::int64_t changes() const override { return changes_; }
    std::int64_t last_inserted() override;

    result<answer_handle> ask(std::string_view what, const std::string& sql) {
        answer_handle answer(pq().PQexec(link_.get(), sql.c_str()));
        const auto status = pq().PQresultStatus(answer.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            return failure(what, answer.get());
        }
        return answer;
    }
    result<std::string> text(std::string_view what, const std::string& sql);
    // What step() shows of its rows; `format`: as_text or as_bytes.
    result<answer_handle> answer(std::string_view name, std::string_view sql,
                                 const std::vector<value>& bound, int format);
    result<void> connect();
    // Of what ask() is told, that it writes.
    void will_write() { wrote_ = true; }

private:
    bool is_lost() const { return broken_ || db::is_lost(link_); }
    error failure(std::string_view what, const PGresult* answer) {
        broken_ = broken_ || breaks_link(link_.get(), answer);
        return postgres_failure(server_.shown(), what, link_.get(), answer);
    }
    result<const prepared*> prepare(std::string_view name, std::string_view sql);
    result<std::vector<std::string>> primary_key(const std::string& table);
    result<answer_handle> carry_out(std::string_view name, std::string_view sql,
                                    const std::vector<value>& bound, int format, bool& may_repeat);

    server_address& server_;
    link_handle link_;
    bool broken_ = false;                                      // the link, as an answer told
    std::map<std::string, prepared, std::less<>> statements_;  // of this link
    int prepared_ = 0;
    std::int64_t changes_ = 0;
    bool wrote_ = false;  // the transaction did more than read
};

// Outside of a transaction a link that was lost is made anew.
result<void> postgres_session::connect() {
    if (!is_lost()) {
        return {};
    }
    if (depth > 0) {
        return error{errc::unavailable, "database " + server_.shown() +
                                            ": its connection was lost during a transaction"};
    }
    link_.reset();
    statements_.clear();
    auto made = server_.connect();
    if (!made) {
        return made.error();
    }
    link_ = std::move(*made);
    broken_ = false;
    return {};
}

result<std::string> postgres_session::text(std::string_view what, const std::string& sql) {
    auto answer = ask(what, sql);
    if (!answer) {
        return answer.error();
    }
    return std::string(pq().PQntuples(answer->get()) > 0 ? pq().PQgetvalue(answer->get(), 0, 0)
                                                         : "");
}

result<std::vector<std::string>> postgres_session::primary_key(const std::string& table) {
    auto answer = ask("db.primary_key",
                      "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid ="
                      " i.indrelid AND a.attnum = ANY(i.indkey) WHERE i.indisprimary"
                      " AND i.indrelid = to_regclass('evergrass." +
                          table + "')");
    if (!answer) {
        return answer.error();
    }
    std::vector<std::string> columns;
    for (int i = 0; i < pq().PQntuples(answer->get()); ++i) {
        columns.emplace_back(pq().PQgetvalue(answer->get(), i, 0));
    }
    return columns;
}

result<const prepared*> postgres_session::prepare(std::string_view name, std::string_view sql) {
    if (const auto kept = statements_.find(name); kept != statements_.end()) {
        if (kept->second.text != sql) {
            return error{errc::invalid_input, "two statements share the name " + std::string(name)};
        }
        return &kept->second;
    }
    const auto told =
        to_postgres(sql, [this](const std::string& table) { return primary_key(table); });
    if (!told) {
        return with_context(told.error(), std::string(name));
    }
    prepared made{std::string(sql), "s" + std::to_string(++prepared_),
                  told->parameters, told->null_of,
                  told->only_reads, {}};
    std::vector<Oid> given(static_cast<std::size_t>(told->parameters) + told->null_of.size(), 0);
    for (const int missing : told->not_named) {
        given[static_cast<std::size_t>(missing - 1)] = text_type;
    }
    const answer_handle done(pq().PQprepare(link_.get(), made.name.c_str(), told->sql.c_str(),
                                            static_cast<int>(given.size()), given.data()));
    if (pq().PQresultStatus(done.get()) != PGRES_COMMAND_OK) {
        return failure(name, done.get());
    }
    const answer_handle described(pq().PQdescribePrepared(link_.get(), made.name.c_str()));
    if (pq().PQresultStatus(described.get()) != PGRES_COMMAND_OK) {
        return failure(name, described.get());
    }
    for (int i = 0; i < told->parameters; ++i) {
        made.types.push_back(pq().PQparamtype(described.get(), i));
    }
    return &statements_.emplace(std::string(name), std::move(made)).first->second;
}

result<answer_handle> postgres_session::carry_out(std::string_view name, std::string_view sql,
                                                  const std::vector<value>& bound, int format,
                                                  bool& may_repeat) {
    may_repeat = true;
    if (auto connected = connect(); !connected) {
        may_repeat = false;
        return connected.error();
    }
    const auto statement = prepare(name, sql);
    if (!statement) {
        return statement.error();
    }
    may_repeat = (*statement)->only_reads;
    wrote_ = wrote_ || !may_repeat;
    parameters given;
    if (auto fits = given.bind(bound, **statement); !fits) {
        return with_context(fits.error(), std::string(name));
    }
    answer_handle answer(pq().PQexecPrepared(link_.get(), (*statement)->name.c_str(), given.count(),
                                             given.values(), given.lengths(), given.formats(),
                                             format));
    const auto status = pq().PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        return failure(name, answer.get());
    }
    return answer;
}

result<answer_handle> postgres_session::answer(std::string_view name, std::string_view sql,
                                               const std::vector<value>& bound, int format) {
    bool may_repeat = false;
    auto answered = carry_out(name, sql, bound, format, may_repeat);
    // A server that was restarted while nobody asked shows it only now.
    if (!answered && depth == 0 && may_repeat && is_lost()) {
        answered = carry_out(name, sql, bound, format, may_repeat);
    }
    return answered;
}

result<void> postgres_session::step(std::string_view name, std::string_view sql,
                                    const std::vector<value>& bound, const row_visitor& each) {
    const auto answer = this->answer(name, sql, bound, as_text);
    if (!answer) {
        return answer.error();
    }
    changes_ = 0;
    const std::string_view changed = pq().PQcmdTuples(answer->get());
    std::from_chars(changed.data(), changed.data() + changed.size(), changes_);
    for (int i = 0; each && i < pq().PQntuples(answer->get()); ++i) {
        each(answer_row(answer->get(), i));
    }
    return {};
}

// A statement that writes takes its turn as a transaction does.
result<void> postgres_session::run(std::string_view name, std::string_view sql,
                                   const std::vector<value>& bound) {
    if (depth > 0) {
        return step(name, sql, bound, nullptr);
    }
    std::int64_t changed = 0;
    auto done = in_transaction(*this,
                               [&] {
                                   auto written = step(name, sql, bound, nullptr);
                                   changed = changes_;
                                   return written;
                               },
                               {});
    changes_ = changed;
    return done;
}

result<void> postgres_session::begin(int level) {
    if (auto connected = connect(); !connected) {
        return connected;
    }
    if (level > 0) {
        auto begun = ask("begin", "SAVEPOINT level" + std::to_string(level));
        return begun ? result<void>() : begun.error();
    }
    wrote_ = false;
    auto begun = ask("begin", begin_transaction);
    if (!begun && is_lost()) {
        if (auto connected = connect(); !connected) {
            return connected;
        }
        begun = ask("begin", begin_transaction);
    }
    if (!begun) {
        undo(0);  // it has begun, but did not get the lock
        return begun.error();
    }
    return {};
}

result<void> postgres_session::commit(int level) {
    if (is_lost()) {
        return error{errc::unavailable,
                     "database " + server_.shown() + ": its connection was lost before a commit"};
    }
    if (pq().PQtransactionStatus(link_.get()) == PQTRANS_INERROR) {
        return error{errc::invalid_input,
                     "database " + server_.shown() + ": a statement of the transaction failed"};
    }
    const auto done = ask("commit", level > 0 ? "RELEASE level" + std::to_string(level) : "COMMIT");
    if (done) {
        return {};
    }
    if (level == 0 && wrote_ && is_lost()) {
        return error{errc::timed_out,
                     done.error().context + "; it is not known whether it was written"};
    }
    return done.error();
}

result<void> postgres_session::settle() {
    if (!std::exchange(wrote_, false)) {
        return {};
    }
    const auto done = is_lost() ? result<answer_handle>(error{errc::unavailable, {}})
                                : ask("commit", write_through);
    if (!done) {
        return error{errc::timed_out, "database " + server_.shown() +
                                          ": its connection was lost after a commit; it is not "
                                          "known whether that was written"};
    }
    return {};
}

void postgres_session::undo(int level) {
    if (is_lost() || pq().PQtransactionStatus(link_.get()) == PQTRANS_IDLE) {
        return;  // the server has undone it, or has nothing to undo
    }
    const auto name = "level" + std::to_string(level);
    (void)ask("undo", level == 0 ? "ROLLBACK" : "ROLLBACK TO " + name + "; RELEASE " + name);
}

std::int64_t postgres_session::last_inserted() {
    const auto number = text("db.last_inserted", "SELECT lastval()");
    return number ? std::strtoll(number->c_str(), nullptr, 10) : 0;
}

class postgres_server final : public engine {
public:
    explicit postgres_server(const std::string& url) : server_(url) {}

    session& here() override { return mine(); }

    result<void> back_up(const std::string&) override {
        return error{errc::unsupported, "the store is PostgreSQL, " + server_.shown() +
                                            ": back it up with pg_dump, and copy the folder of "
                                            "--data and the master key"};
    }

    result<void> migrate(const std::vector<std::string_view>& migrations) override;

    result<void> open() {
        auto& session = mine();
        const std::lock_guard hold(session.mutex);
        return session.connect();
    }

private:
    // A thread's stays when it ends; the next of the same number has it.
    postgres_session& mine() {
        const std::lock_guard hold(mutex_);
        auto& found = sessions_[std::this_thread::get_id()];
        if (!found) {
            found = std::make_unique<postgres_session>(server_, guard_);
        }
        return *found;
    }

    result<void> bring_up_to_date(postgres_session& session,
                                  const std::vector<std::string_view>& migrations);

    server_address server_;
    fair_mutex guard_;
    std::mutex mutex_;
    std::map<std::thread::id, std::unique_ptr<postgres_session>> sessions_;
};

// In one transaction: PostgreSQL undoes changes of a schema too.
result<void> postgres_server::migrate(const std::vector<std::string_view>& migrations) {
    auto& session = mine();
    const std::lock_guard hold(session.mutex);
    auto done = in_transaction(session, [&] { return bring_up_to_date(session, migrations); }, {});
    return done ? session.settle() : done;
}

result<void> postgres_server::bring_up_to_date(postgres_session& session,
                                               const std::vector<std::string_view>& migrations) {
    const auto there = session.text("db.probe",
                                    "SELECT coalesce(to_regclass('evergrass.schema_version')::TEXT,"
                                    " to_regnamespace('evergrass')::TEXT, '')");
    if (!there) {
        return there.error();
    }
    if (there->empty() || *there == "evergrass") {
        // A role that may not make a schema is given an empty one.
        auto made = session.ask(
            "db.schema", std::string(there->empty() ? "CREATE SCHEMA evergrass; " : "") +
                             "CREATE TABLE evergrass.schema_version(version BIGINT NOT NULL)");
        if (!made) {
            return made.error();
        }
    }
    const auto version = session.text(
        "db.version", "SELECT coalesce(max(version), 0) FROM evergrass.schema_version");
    if (!version) {
        return version.error();
    }
    const auto known = static_cast<std::int64_t>(migrations.size());
    const auto current = std::strtoll(version->c_str(), nullptr, 10);
    if (current < 0 || current > known) {
        return error{errc::unsupported, "database " + server_.shown() + " has schema " + *version +
                                            ", this build knows up to " + std::to_string(known) +
                                            "; run the build that wrote it, or restore a backup"};
    }
    if (current > 0 && current < known) {
        const auto others =
            session.text("db.versions", count_of_other_versions(static_cast<std::size_t>(known)));
        if (!others) {
            return others.error();
        }
        if (*others != "0") {
            return error{errc::conflict,
                         "an evergrass-cloud of an earlier version serves from " + server_.shown() +
                             ", which has to be brought up to date first; stop all services, then "
                             "try again (docs/scale.md, Upgrading)"};
        }
    }
    session.will_write();
    if (current < known) {  // migrations use them too
        auto made = session.ask("db.functions", std::string(postgres_functions));
        if (!made) {
            return made.error();
        }
    }
    for (auto next = current; next < known; ++next) {
        const auto number = std::to_string(next + 1);
        auto changed =
            session.ask("migration " + number,
                        schema_to_postgres(migrations[static_cast<std::size_t>(next)]) +
                            "\n; INSERT INTO evergrass.schema_version VALUES(" + number + ")");
        if (!changed) {
            return changed.error();
        }
    }
    return {};
}

}  // namespace

struct byte_link::implementation {
    explicit implementation(const std::string& url) : server(url), session(server, guard) {}

    server_address server;
    fair_mutex guard;
    postgres_session session;
};

byte_link::byte_link(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

byte_link::~byte_link() = default;

result<std::unique_ptr<byte_link>> byte_link::open(const std::string& url) {
    auto made = std::make_unique<implementation>(url);
    {
        const std::lock_guard hold(made->guard);
        if (auto connected = made->session.connect(); !connected) {
            return connected.error();
        }
    }
    return std::unique_ptr<byte_link>(new byte_link(std::move(made)));
}

result<std::vector<std::vector<std::int64_t>>> byte_link::run(std::string_view name,
                                                              std::string_view sql,
                                                              const std::vector<value>& bound) {
    const std::lock_guard hold(implementation_->guard);
    const auto answer = implementation_->session.answer(name, sql, bound, as_text);
    if (!answer) {
        return answer.error();
    }
    std::vector<std::vector<std::int64_t>> rows;
    for (int i = 0; i < pq().PQntuples(answer->get()); ++i) {
        const answer_row row(answer->get(), i);
        auto& numbers = rows.emplace_back();
        for (int column = 0; column < pq().PQnfields(answer->get()); ++column) {
            numbers.push_back(row.integer(column));
        }
    }
    return rows;
}

result<std::optional<std::string>> byte_link::bytes(std::string_view name, std::string_view sql,
                                                    const std::vector<value>& bound) {
    const std::lock_guard hold(implementation_->guard);
    const auto answer = implementation_->session.answer(name, sql, bound, as_bytes);
    if (!answer) {
        return answer.error();
    }
    if (pq().PQntuples(answer->get()) == 0) {
        return std::optional<std::string>();
    }
    return std::optional<std::string>(
        std::in_place, pq().PQgetvalue(answer->get(), 0, 0),
        static_cast<std::size_t>(pq().PQgetlength(answer->get(), 0, 0)));
}

result<std::unique_ptr<engine>> open_postgres(const std::string& url) {
    auto made = std::make_unique<postgres_server>(url);
    if (auto opened = made->open(); !opened) {
        return opened.error();
    }
    return std::unique_ptr<engine>(std::move(made));
}

}  // namespace evergrass::db
