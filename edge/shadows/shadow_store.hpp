#pragma once

#include "edge/shadows/sync_record.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/db/sqlite.hpp"
#include "libs/shadow/document.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// So long a deleted shadow's version is remembered, and goes on when the shadow is made again, as
// AWS IoT has it (spec/cloud.md §5.1); later it begins with 1.
inline constexpr auto deleted_shadow_kept_for = std::chrono::hours(48);

// The core's shadows and what is known of those that are synced, in one SQLite file
// (docs/formats/shadow-database.md): what a transaction of db() has committed survives a power cut.
// One thread.
class shadow_store {
public:
    // Makes the file and its directory when missing. A file that is no database, or a damaged one,
    // is renamed to FILE.damaged, in the place of an earlier one, and an empty one is made:
    // moved_aside() says so. The error names the file and what to do.
    static result<std::unique_ptr<shadow_store>> open(const std::filesystem::path& file);

    db::connection& db() { return *db_; }
    const std::optional<error>& moved_aside() const { return moved_aside_; }

    // A shadow that was never made, or deleted, is a document that does not exist. errc::corrupt:
    // the row can't be read; the others can.
    result<shadow::document> load(const shadow::shadow_id& which, wall_time now);
    result<void> save(const shadow::shadow_id& which, const shadow::document& document,
                      wall_time now);
    // Removes what is left of shadows that were deleted longer ago than deleted_shadow_kept_for.
    result<void> forget_deleted(wall_time now);
    // Of shadows that exist.
    result<std::int64_t> count();
    // In order; the classic ones have no name.
    result<std::vector<shadow::shadow_id>> list();

    // A shadow that was never synced has an empty record.
    result<sync_record> record(const shadow::shadow_id& which);
    result<void> keep(const shadow::shadow_id& which, const sync_record& what);

    // All documents and records, as a reset of the group's deployments asks.
    result<void> clear();

private:
    explicit shadow_store(std::unique_ptr<db::connection> db) : db_(std::move(db)) {}

    std::unique_ptr<db::connection> db_;
    std::optional<error> moved_aside_;
};

}  // namespace evergrass::edge
