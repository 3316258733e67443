#pragma once

#include "libs/base/json.hpp"

#include <string>
#include <vector>

namespace evergrass::group_file {

// One part of a group that is to change.
struct change {
    enum class kind { add, alter, remove };
    kind what = kind::alter;
    std::string section;               // "devices", or a member of the group itself: "tags"
    std::string key;                   // key_of(), or empty
    std::vector<std::string> details;  // "timeoutSeconds: 3 -> 10"
};

// What makes `current` into `wanted`, in the order of the sections. A part of `wanted` that leaves
// its id, its certificate, or a function's runtime and handler open takes what is there.
std::vector<change> difference(const json::object& current, const json::object& wanted);

// "+ devices: pump", then its details, indented. With colours for a terminal.
std::string to_lines(const change& one, bool colours);
json::object to_json(const change& one);

}  // namespace evergrass::group_file
