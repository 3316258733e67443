#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"
#include "libs/shadow/document.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The rows of the table `shadows`. The caller holds the store's lock.
namespace evergrass::cloud {

// So long a deleted shadow's version is remembered, and goes on when the shadow is made again
// (spec/cloud.md §5.1); later it begins with 1.
inline constexpr auto deleted_shadow_kept_for = std::chrono::hours(48);

// A shadow that was never made, or deleted, is a document that does not exist.
result<shadow::document> load_shadow(store& state, const shadow::shadow_id& which, wall_time now);

result<void> save_shadow(store& state, const shadow::shadow_id& which,
                         const shadow::document& document, wall_time now);

// Removes the rows of shadows that were deleted longer ago than deleted_shadow_kept_for.
result<void> forget_deleted_shadows(store& state, wall_time now);

// The thing's named shadows that exist and come behind `after`, in order, at most `limit`.
result<std::vector<std::string>> list_shadow_names(store& state, const std::string& thing,
                                                   const std::string& after, std::int64_t limit);

}  // namespace evergrass::cloud
