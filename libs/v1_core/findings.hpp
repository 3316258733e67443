#pragma once

#include "libs/base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

// What a Greengrass V1 core left on its disk, as far as anybody knows (spec/on-disk.md): the
// readers here never guess in silence. Whatever they say carries where it comes from.
namespace evergrass::v1 {

enum class origin {
    from_file,    // it stands there
    synthesised,  // V1's disk doesn't have it; made by a rule, the same for the same tree
    guessed,      // read by a shape that no public source shows; --strict refuses it
};
std::string_view to_string(origin how);

struct derived {
    std::string what;   // "functions[0].FunctionArn"
    std::string value;  // as text; never a secret
    origin how = origin::from_file;
    std::string where;  // "group.json#/Cores/0/thingArn", or the rule
};

enum class severity { note, warning, error };
std::string_view to_string(severity how_bad);

struct problem {
    severity how_bad = severity::note;
    std::string where;  // file, or file#pointer
    std::string text;   // a sentence, with what to do next where there is something
};

// Grows while a tree is read.
struct findings {
    std::vector<derived> values;
    std::vector<problem> problems;

    void from(std::string what, std::string value, std::string where);
    void made(std::string what, std::string value, std::string rule);
    void guess(std::string what, std::string value, std::string where);
    void note(std::string where, std::string text);
    void warn(std::string where, std::string text);
    void fail(std::string where, std::string text);
    bool has_guess() const;
    bool has_error() const;
    void append(findings more);
};

json::array to_json(const std::vector<derived>& values);
json::array to_json(const std::vector<problem>& problems);

}  // namespace evergrass::v1
