#include "apps/evergrass_cloud/restore_command.hpp"

#include "apps/evergrass_cloud/data_directory.hpp"
#include "cloud/backup/backup.hpp"
#include "libs/base/json.hpp"

#include <iostream>
#include <optional>

namespace evergrass::cloud {

result<void> restore(const restore_options& options) {
    // Held over the exchange of the folders, in the one that goes.
    std::optional<data_lock> lock;
    std::error_code missing;
    if (std::filesystem::is_directory(options.data, missing)) {
        auto taken = data_lock::take(options.data);
        if (!taken) {
            return taken.error();
        }
        lock.emplace(std::move(*taken));
    }
    const auto done = restore_backup(
        {options.file, options.data, options.master_key, options.force}, clock().now());
    if (!done) {
        return done.error();
    }
    if (options.json) {
        std::cout << to_pretty_json({{"created", done->created},
                                     {"objects", done->objects},
                                     {"undo", done->undo.string()}});
        return {};
    }
    std::cout << "Restored the backup of " << done->created << " with " << done->objects
              << " objects to " << options.data.string() << ".\n";
    if (!done->undo.empty()) {
        std::cout << "What was there is " << done->undo.string()
                  << ": to undo, stop the service and move it back; or remove it.\n";
    }
    return {};
}

}  // namespace evergrass::cloud
