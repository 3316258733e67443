#pragma once

#include "libs/db/sqlite.hpp"

#include <cstdint>
#include <optional>

namespace evergrass::db {

// Names a state of the database as one connection sees it, while the connection is open: the same
// mark, the same rows. (Another mark may be of the same rows too: what was rolled back counts.)
struct state_mark {
    std::int64_t by_others = 0;  // tells commits of other connections, this process's or another's
    std::int64_t by_this = 0;    // rows that this one has inserted, updated or deleted

    friend bool operator==(const state_mark&, const state_mark&) = default;
};

// Of the state that is read. Changes of the schema alone don't count. nullopt: it cannot be had.
std::optional<state_mark> mark_of(connection& db, const connection::reading& reads);

}  // namespace evergrass::db
