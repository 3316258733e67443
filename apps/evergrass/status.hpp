#pragma once

#include "libs/base/json.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct status_options {
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    bool json = false;
};

// What a running core does: deployment, devices, functions, the last lost messages. The exit
// status: 0 it answered, 2 it didn't.
int run_status(const status_options& options);

std::string status_text(const json::object& status);

}  // namespace evergrass::cli
