#pragma once

#include "libs/base/json.hpp"

#include <cstddef>
#include <string_view>

namespace evergrass::shadow {

// As evergrass::parse_json, but each number is the double nearest to its text: Boost 1.81's own
// reading is off in the last digit for some, and a value that is stored and read again and again
// would wander. The error has no position.
result<json::value> parse(std::string_view text, std::size_t max_depth);

}  // namespace evergrass::shadow
