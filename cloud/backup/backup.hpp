#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cloud {

// docs/formats/backup.md: the service's folder in one file, but for what seals its secrets.

struct backup_summary {
    std::filesystem::path file;
    std::int64_t bytes = 0;
    std::size_t objects = 0;
    std::vector<std::string> left_out;  // objects whose file is missing or damaged
};

// Writes the folder `data`, whose database is `state`, to `to`, which must not be there; the
// service goes on meanwhile. The file has mode 0600 and is there when it is whole and fsynced.
// Errors name the file. Takes as long as the objects are large; any thread that may wait.
result<backup_summary> write_backup(store& state, const std::filesystem::path& data,
                                    const std::filesystem::path& to, wall_time now);

struct restore_order {
    std::filesystem::path backup;
    std::filesystem::path data;  // the service's folder; it isn't running
    // Empty: master.key of `data`. May be a pkcs11: URI (cloud/store/token_master_key.hpp).
    std::filesystem::path master_key;
    bool force = false;  // although there is a database in `data`
};

struct restore_summary {
    std::string created;         // when the backup was made
    std::filesystem::path undo;  // what was there before; empty: nothing was
    std::size_t objects = 0;
};

// Puts the backup in the place of `data`, checked whole before anything there changes. What was
// there is kept beside it. Errors: the backup is damaged or of a later build, the master key is
// another's, `data` has a database and no force.
result<restore_summary> restore_backup(const restore_order& order, wall_time now);

}  // namespace evergrass::cloud
