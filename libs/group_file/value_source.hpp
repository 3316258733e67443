#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass::group_file {

// Where the value of a secret is: a group file stands in Git, so it says where and never what.
struct value_source {
    enum class kind {
        environment,  // "env:NAME"
        file,         // "file:PATH", from the group file's folder
        prompt,       // "prompt": whoever runs the program types it
    } what = kind::prompt;
    std::string name;  // of the variable or the file
};

// The error says what there is and repeats nothing of the text, which may be the value itself.
result<value_source> parse_value_source(std::string_view text);
// What it was read from.
std::string to_text(const value_source& source);

}  // namespace evergrass::group_file
