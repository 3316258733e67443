#pragma once

#include "libs/base/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass {

namespace json = boost::json;

// Parses strictly: one value, UTF-8, at most `max_depth` levels. The error says at which line and
// column; duplicate keys keep the last.
result<json::value> parse_json(std::string_view text, std::size_t max_depth = 32);

// Readers of a member: nullopt when it is missing, null, or of another kind. For input whose
// absence and wrongness are the same; where they differ, look at the value itself.
std::optional<std::string> string_member(const json::object& object, std::string_view name);
std::optional<std::int64_t> int_member(const json::object& object, std::string_view name);
std::optional<bool> bool_member(const json::object& object, std::string_view name);
const json::object* object_member(const json::object& object, std::string_view name);
const json::array* array_member(const json::object& object, std::string_view name);

// Indented by two spaces, a line break at the end: for files that people read.
std::string to_pretty_json(const json::value& value);

}  // namespace evergrass
