#pragma once

#include "libs/group_file/yaml.hpp"

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the parts of a group are called in the file and in the Greengrass API, as tables: one row
// serves the reader, the writer and both ways of the API.
namespace evergrass::group_file {

enum class field_kind {
    text,
    integer,
    boolean,
    texts,     // a list of texts
    text_map,  // name to text
    access,    // resource's id to "ro" or "rw"; the API has a list of ResourceId and Permission
};

struct field {
    std::string_view name;  // in the file; a dot leads into an object: "volume.source"
    std::string_view api;   // likewise in the API; empty: the API doesn't have it there
    field_kind kind = field_kind::text;
    // What is meant when it is left out, as JSON; empty: nothing. Equal to it is the same as left
    // out.
    std::string_view fallback = {};
    std::string_view values = {};  // the only ones, "ro|rw"; empty: any
    bool required = false;
};

std::span<const field> member_fields();  // of the core and of devices
std::span<const field> function_fields();
std::span<const field> default_fields();  // of all functions
std::span<const field> connector_fields();
std::span<const field> resource_fields();
std::span<const field> subscription_fields();
std::span<const field> logger_fields();

// The members of a map by the table: unknown ones, wrong kinds and missing ones are faults that say
// where. What equals its fallback is left out. `place` names the part: "devices[2]".
result<json::object> read_fields(const node& from, std::span<const field> table,
                                 std::string_view place);

// The same from the API's object, which is not checked: what is of another kind is left out.
// `unknown`, when given, gets the API's members that the table doesn't have.
json::object fields_from_api(const json::object& from, std::span<const field> table,
                             std::set<std::string>* unknown = nullptr);
// The other way; what was left out is left out.
json::object fields_to_api(const json::object& from, std::span<const field> table);

// Members by a path with dots; null when something on the way is missing.
const json::value* at_path(const json::object& in, std::string_view path);
void set_path(json::object& in, std::string_view path, json::value value);

}  // namespace evergrass::group_file
