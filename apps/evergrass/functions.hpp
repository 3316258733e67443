#pragma once

#include "libs/base/json.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct functions_options {
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    bool json = false;
};

// The functions of a running core: what they do, how fast, and what went wrong. The exit status: 0
// it answered, 2 it didn't.
int run_functions(const functions_options& options);

// Of the core's GET /status.
std::string functions_text(const json::object& status);

}  // namespace evergrass::cli
