#pragma once

#include "libs/base/json.hpp"

#include <cstddef>
#include <string>

namespace evergrass::shadow {

// Compact JSON, members in their order. Numbers as people write them: the shortest digits that read
// back as the same value, and a number that came with a fraction or an exponent keeps one (25.0 is
// not 25). Infinities and NaN, which JSON doesn't have, become null.
std::string print(const json::value& value);
std::string print(const json::object& value);

// print(value).size(), without printing.
std::size_t printed_size(const json::value& value);

}  // namespace evergrass::shadow
