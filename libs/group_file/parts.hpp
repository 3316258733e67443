#pragma once

#include "libs/group_file/group.hpp"

#include <string>
#include <string_view>

// What the reader of the file and the API's form share.
namespace evergrass::group_file {

// "Lambda-FileSystem"
std::string default_logger_id(const json::object& logger);
// What the id of a part is when none is given; empty: it must be given.
std::string implied_id(std::string_view section, const json::object& part);
std::string id_of(std::string_view section, const json::object& part);
// In the order of the table; what goes without saying goes.
json::object ordered(const family& of, json::object part);

}  // namespace evergrass::group_file
