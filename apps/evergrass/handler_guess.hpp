#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cli {

struct handler_guess {
    std::string handler;  // "main.handler"
    std::string runtime;  // V1's newest of that language; the core takes the nearest it has
    std::string file;     // that it was found in
};

// The names of functions in a source file that take an event and a context: `def NAME(event,
// context)` of Python, `exports.NAME =` of Node.js.
std::vector<std::string> handlers_of_python(std::string_view source);
std::vector<std::string> handlers_of_nodejs(std::string_view source);

// The one handler in the files of a folder, tests and settings apart. `runtime` is empty or narrows
// the language down. The error lists what was found and says what to name.
result<handler_guess> guess_handler(const std::filesystem::path& folder, std::string_view runtime);

}  // namespace evergrass::cli
