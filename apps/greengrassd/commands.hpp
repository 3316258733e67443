#pragma once

#include <filesystem>

namespace evergrass::greengrassd {

struct command_options {
    std::filesystem::path root;
    bool insecure = false;  // -i: start although link protection is off
    bool json = false;      // status: one JSON object
};

// The verbs of V1's script, with its texts (spec/core.md §4). Each returns the exit status.
int start(const command_options& options);
int stop(const command_options& options);
int restart(const command_options& options);
int status(const command_options& options);

}  // namespace evergrass::greengrassd
