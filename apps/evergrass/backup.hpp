#pragma once

#include "apps/evergrass/service_place.hpp"

namespace evergrass::cli {

struct backup_options {
    service_place where;
    std::filesystem::path file;
};

struct restore_options {
    service_place where;  // of a service that doesn't run
    std::filesystem::path file;
    std::filesystem::path master_key;  // empty: master.key of the folder
    bool force = false;
};

// A running service writes a backup (docs/formats/backup.md). The exit status: 0 done, 1 not, or
// without an object whose file is gone.
int run_backup(const backup_options& options);

// Becomes `evergrass-cloud restore`; returns only when that can't be started.
int run_restore(const restore_options& options);

}  // namespace evergrass::cli
