#pragma once

#include "libs/base/json.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct status_options {
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    bool subscriptions = false;                   // what each has carried, instead of all else
    bool json = false;
};

// What a running core does: deployment, devices, functions, the last lost messages. The exit
// status: 0 it answered, 2 it didn't.
int run_status(const status_options& options);

std::string status_text(const json::object& status);
// Of the answer to GET /subscriptions; a line each: messages, id, source, subject, target.
std::string subscriptions_text(const json::object& answer);

}  // namespace evergrass::cli
