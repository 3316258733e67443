#pragma once

#include "libs/base/json.hpp"

#include <cstdint>

namespace evergrass::shadow {

// The metadata of a value that was written at `now`, seconds since 1970: {"timestamp": now} for
// each leaf, objects and arrays as they are.
json::value stamp(const json::value& written, std::int64_t now);

// Makes `metadata`, of whatever stood there before, that of the value. Cheap from leaf to leaf.
void stamp_again(json::value& metadata, const json::value& written, std::int64_t now);

}  // namespace evergrass::shadow
