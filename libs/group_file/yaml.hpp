#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::group_file {

// A value of a YAML or JSON text, with the place where it stands: so that whoever finds a fault in
// it can say where.
struct node {
    enum class kind { null, scalar, list, map };
    kind what = kind::null;
    std::string text;         // of a scalar
    bool quoted = false;      // a scalar that is text whatever it looks like
    std::string tag;          // "!Ref", or empty; YAML's own tags are left out
    int line = 0;             // from 1
    int column = 0;           // from 1
    std::vector<node> keys;   // of a map, scalars; keys[i] names items[i]
    std::vector<node> items;  // of a list or a map

    // Null when this is no map or has no such member.
    const node* find(std::string_view name) const;
};

// What a text may cost, so that a small one cannot become a large tree (aliases of aliases) or a
// deep one.
struct yaml_limits {
    std::size_t bytes = 4 * 1024 * 1024;
    std::size_t nodes = 200'000;  // what an alias stands for counts each time
    std::size_t depth = 64;
};

// One YAML document, or one JSON value. Refused with "line:column: what and what to do": bad
// syntax, a key that is there twice or is no scalar, a second document, more than the limits.
result<node> parse_yaml(std::string_view text, const yaml_limits& limits = {});

// "line:column: what", of errc::invalid_input.
error fault_at(const node& where, std::string what);

// As JSON: plain scalars become null, booleans and numbers by YAML 1.2's core schema. Tags are
// lost.
json::value to_json(const node& value);

// A block of YAML that parse_yaml() and to_json() read back as the same value, members in their
// order. A list of objects has each on one line when its object is in `one_line` by its key.
std::string to_yaml(const json::object& value, const std::vector<std::string_view>& one_line = {});

}  // namespace evergrass::group_file
