#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::db {

// connection::open() takes such a URL for a file's name: postgresql://[USER@]HOST[:PORT]/DATABASE,
// as libpq reads it. The tables are in the schema `evergrass` of that database.
//
// Transactions, of all processes that use the database, come one after the other, as SQLite's do:
// each holds one lock of the database from its begin until it is committed, and nobody of its
// process reads meanwhile. It is on the server's disk when transaction() returns success; for that
// several threads, each with a session of its own, wait together.
//
// While the server cannot be reached: errc::unavailable, and nothing was written; errc::timed_out
// where the connection was lost during a commit, which may have succeeded. Each use tries to
// connect again.
bool is_postgres(std::string_view path);

// Without its password.
std::string shown_postgres(const std::string& url);

// What a process may have of a database: to serve from it alone, to serve with others that serve
// so, and, of those, to do what one of them does for all.
enum class claim_kind { alone, with_others, lead };

// The right of a process to serve from a database, docs/scale.md. A lock on a session of its own,
// looked at each second by a thread: the server gives it to the next who asks when that session, or
// its process, ends.
class serving_claim {
public:
    // errc::conflict when another process has it; errc::unsupported when one of another `version`
    // serves, with which this one would serve together. The version is the number of migrations
    // that the process knows; `lead` has none. `lost` is called once, on that thread, when somebody
    // else has it meanwhile; a server that cannot be reached is waited for.
    static result<std::unique_ptr<serving_claim>> take(const std::string& url, claim_kind what,
                                                       std::function<void()> lost,
                                                       std::size_t version = 0);
    ~serving_claim();
    serving_claim(const serving_claim&) = delete;
    serving_claim& operator=(const serving_claim&) = delete;

private:
    struct implementation;
    explicit serving_claim(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::db
