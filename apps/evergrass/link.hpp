#pragma once

#include "libs/base/json.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct link_options {
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    bool json = false;
    bool watch = false;  // again each second, until the core or this program ends
};

// A running core's link to the cloud and what waits for it. The exit status: 0 the core has a
// connection, 1 it has none, 2 it didn't answer.
int run_link(const link_options& options);

std::string link_text(const json::object& link);

}  // namespace evergrass::cli
