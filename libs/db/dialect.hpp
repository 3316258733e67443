#pragma once

#include "libs/base/result.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Statements are written for SQLite; this is how PostgreSQL is told the same. Pure.
namespace evergrass::db {

struct postgres_statement {
    std::string sql;
    int parameters = 0;       // the highest N of ?N
    std::set<int> not_named;  // up to it: those that the text doesn't have
    // After these, one parameter for each: whether the parameter of that number is null. PostgreSQL
    // learns a parameter's type from where it stands, and `?1 IS NULL` tells of none.
    std::vector<int> null_of;
    bool only_reads = false;  // may be done again where its outcome was lost
};

// The columns of a table's primary key.
using primary_key_of = std::function<result<std::vector<std::string>>(const std::string& table)>;

// What is told otherwise: ?N; ?N IS NULL; INSERT OR IGNORE; INSERT OR REPLACE, which has to name
// its columns, all of them; LIMIT -1; cast(NAME AS BLOB); a subquery in FROM without a name. A
// PRAGMA is errc::unsupported. SQLite's functions that PostgreSQL has not are made by
// postgres_functions.
result<postgres_statement> to_postgres(std::string_view sql, const primary_key_of& primary_key);

// A migration, its types in capital letters: PostgreSQL's types, and no comments.
std::string schema_to_postgres(std::string_view migration);

// SQL: printf of %s and %0Nd, json_extract of a first-level member, json_each of an object of
// strings, min and max of two numbers, hex, randomblob of up to 32 bytes; the view sqlite_master.
extern const std::string_view postgres_functions;

}  // namespace evergrass::db
