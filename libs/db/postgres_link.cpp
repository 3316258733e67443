#include "libs/db/postgres_link.hpp"

#include "libs/base/errors.hpp"
#include "libs/db/postgres.hpp"

#include <cstring>

namespace evergrass::db {
namespace {

// Set for each session. The limits end what a node that is gone, or cut off, leaves behind.
constexpr const char* session_settings =
    "SET search_path = evergrass; SET bytea_output = 'hex'; SET standard_conforming_strings = on;"
    "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s';"
    "SET statement_timeout = '60s'; SET default_transaction_isolation = 'read committed';"
    // A commit that is not on the disk would be answered.
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";

constexpr int oldest_server = 130000;

// SQLSTATE, by its class where that is enough.
errc category_of(std::string_view state) {
    const auto is_class = [&](std::string_view name) { return state.substr(0, 2) == name; };
    if (is_class("23")) {
        return errc::conflict;
    }
    if (state == "42501" || is_class("28")) {
        return errc::denied;
    }
    // A lost link has none. 25006: read-only; 40: two transactions; 53: no resources; 55: a lock's
    // time; 57: an operator; 58: the system.
    if (state.empty() || state == "25006" || is_class("08") || is_class("40") || is_class("53") ||
        is_class("55") || is_class("57") || is_class("58")) {
        return errc::unavailable;
    }
    return is_class("XX") ? errc::corrupt : errc::invalid_input;
}

std::string one_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    for (auto& c : text) {
        c = c == '\n' ? ' ' : c;
    }
    return text;
}

// SQLite compares bytes; so has this database, or lists and their pages would have another order.
result<void> check_server(PGconn* link, const std::string& shown) {
    if (pq().PQserverVersion(link) < oldest_server) {
        return error{errc::unsupported, "database " + shown + " is PostgreSQL before 13"};
    }
    auto answer = ask_postgres(link, shown, "db.collation",
                               "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database"
                               " WHERE datname = current_database()");
    if (!answer) {
        return answer.error();
    }
    const std::string_view order = pq().PQgetvalue(answer->get(), 0, 0);
    const std::string_view encoding = pq().PQgetvalue(answer->get(), 0, 1);
    const bool by_bytes =
        order == "C" || order == "POSIX" || order == "C.UTF-8" || order == "C.utf8";
    if (!by_bytes || encoding != "UTF8") {
        return error{errc::unsupported,
                     "database " + shown + " has LC_COLLATE '" + std::string(order) +
                         "' and encoding " + std::string(encoding) +
                         "; make it with: CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8'"
                         " LC_COLLATE 'C' LC_CTYPE 'C'"};
    }
    return {};
}

}  // namespace

bool is_postgres(std::string_view path) {
    return path.starts_with("postgresql://") || path.starts_with("postgres://");
}

std::string shown_postgres(const std::string& url) {
    if (!load_libpq()) {
        return "postgresql";
    }
    std::string host;
    std::string port;
    std::string name;
    auto* const options = pq().PQconninfoParse(url.c_str(), nullptr);
    for (const auto* each = options; each != nullptr && each->keyword != nullptr; ++each) {
        if (each->val == nullptr) {
            continue;
        }
        if (std::strcmp(each->keyword, "host") == 0) {
            host = each->val;
        } else if (std::strcmp(each->keyword, "port") == 0) {
            port = std::string(":") + each->val;
        } else if (std::strcmp(each->keyword, "dbname") == 0) {
            name = each->val;
        }
    }
    pq().PQconninfoFree(options);
    return "postgresql://" + host + port + "/" + name;
}

bool is_lost(const link_handle& link) {
    return !link || pq().PQstatus(link.get()) != CONNECTION_OK;
}

bool breaks_link(PGconn* link, const PGresult* answer) {
    const auto* const state =
        answer != nullptr ? pq().PQresultErrorField(answer, PG_DIAG_SQLSTATE) : nullptr;
    if (state == nullptr || link == nullptr || pq().PQstatus(link) != CONNECTION_OK) {
        return true;
    }
    // 57P: the server, or who runs it, ended the session.
    const std::string_view kind(state, 3);
    return kind == "57P" || kind.substr(0, 2) == "08";
}

error postgres_failure(const std::string& shown, std::string_view what, PGconn* link,
                       const PGresult* answer) {
    const auto* const state =
        answer != nullptr ? pq().PQresultErrorField(answer, PG_DIAG_SQLSTATE) : nullptr;
    // The detail is left out: it may show what was to be stored.
    const auto* said =
        answer != nullptr ? pq().PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
    const bool lost = link == nullptr || pq().PQstatus(link) != CONNECTION_OK;
    if (said == nullptr) {
        said = pq().PQerrorMessage(link);
    }
    return {lost ? errc::unavailable : category_of(state != nullptr ? state : ""),
            "database " + shown + ": " + std::string(what) + ": " + one_line(said)};
}

result<answer_handle> ask_postgres(PGconn* link, const std::string& shown, std::string_view what,
                                   const std::string& sql) {
    answer_handle answer(pq().PQexec(link, sql.c_str()));
    const auto status = pq().PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        return postgres_failure(shown, what, link, answer.get());
    }
    return answer;
}

// In pg_locks a number of 64 bits is two of 32, and objsubid 1; of two numbers it is 2.
std::string count_of_other_versions(std::size_t version) {
    const auto here = std::string(
        "locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
    return "SELECT count(*) FROM pg_locks WHERE " + here +
           " AND objsubid = 1 AND (classid::BIGINT << 32) + objid::BIGINT = " +
           std::string(serving_lock) + " AND pid NOT IN (SELECT pid FROM pg_locks WHERE " + here +
           " AND objsubid = 2 AND classid::BIGINT = " + std::string(version_lock) +
           " AND objid::BIGINT = " + std::to_string(version) + ")";
}

result<link_handle> link_to_postgres(const std::string& url) {
    if (auto loaded = load_libpq(); !loaded) {
        return loaded.error();
    }
    // What the URL says wins over what stands before it. The times are for a server or a network
    // that does not answer at all.
    const char* const keywords[] = {
        "connect_timeout",  "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
        "dbname",           "client_encoding",  nullptr};
    const char* const values[] = {"3",         "3",    "1",    "3", "6000", "evergrass-cloud",
                                  url.c_str(), "UTF8", nullptr};
    const auto shown = shown_postgres(url);
    link_handle link(pq().PQconnectdbParams(keywords, values, 1));
    if (is_lost(link)) {
        auto failed = postgres_failure(shown, "cannot connect", link.get(), nullptr);
        return error{errc::unavailable, std::move(failed.context)};
    }
    pq().PQsetNoticeProcessor(
        link.get(), [](void*, const char*) {}, nullptr);
    if (auto set = ask_postgres(link.get(), shown, "db.settings", session_settings); !set) {
        return set.error();
    }
    if (auto fits = check_server(link.get(), shown); !fits) {
        return fits.error();
    }
    return link;
}

}  // namespace evergrass::db
