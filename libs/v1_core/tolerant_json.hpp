#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reading JSON of a program whose spelling over ten releases nobody has written down
// (spec/on-disk.md §12, rows 11, 14 and 17).
namespace evergrass::v1 {

// One object. A byte order mark and line breaks around it are taken; a key that is there twice is
// refused with its name, as which of the two counted for V1 is unknown.
result<json::object> parse_document(std::string_view text);

// The member of that name, else the only one that is equal but for case; null when there is none,
// and when it is null. Two that are equal but for case: the error.
result<const json::value*> find_member(const json::object& in, std::string_view name);

// A number or boolean as such or as text that converts exactly.
std::optional<std::int64_t> as_integer(const json::value& value);
std::optional<bool> as_boolean(const json::value& value);  // "yes" and "no" too

bool equal_but_for_case(std::string_view a, std::string_view b);

// RFC 6901: `~` and `/` of a name escaped.
std::string pointer(std::string_view parent, std::string_view member);
std::string pointer(std::string_view parent, std::size_t index);

}  // namespace evergrass::v1
