#pragma once

#include "libs/base/result.hpp"
#include "libs/db/libpq.hpp"

#include <cstddef>
#include <libpq-fe.h>
#include <memory>
#include <string>
#include <string_view>

// What libpq is asked for. Only this folder includes it.
namespace evergrass::db {

// Numbers of PostgreSQL's advisory locks, which are the database's; one process at a time has each,
// but for the second, which several may share.
constexpr std::string_view write_lock = "7310579611";
constexpr std::string_view serving_lock = "7310579612";
constexpr std::string_view leading_lock = "7310579613";
// The first of two numbers; the second is the version that a process serves with, which it has
// from before it has serving_lock.
constexpr std::string_view version_lock = "731057961";

// SELECTs how many sessions have serving_lock and are not of this version.
std::string count_of_other_versions(std::size_t version);

struct finish_link {
    void operator()(PGconn* link) const { pq().PQfinish(link); }
};
struct clear_answer {
    void operator()(PGresult* answer) const { pq().PQclear(answer); }
};
using link_handle = std::unique_ptr<PGconn, finish_link>;
using answer_handle = std::unique_ptr<PGresult, clear_answer>;

// A new link, of which `search_path`, time limits and so on are set. At most some seconds.
result<link_handle> link_to_postgres(const std::string& url);

bool is_lost(const link_handle& link);

// Whether what failed so, failed by its link: libpq may learn that it is lost only when it next
// reads.
bool breaks_link(PGconn* link, const PGresult* answer);

// Of an answer that is none; `shown` is shown_postgres().
error postgres_failure(const std::string& shown, std::string_view what, PGconn* link,
                       const PGresult* answer);

// Statements without parameters; the answer is the last one's.
result<answer_handle> ask_postgres(PGconn* link, const std::string& shown, std::string_view what,
                                   const std::string& sql);

}  // namespace evergrass::db
