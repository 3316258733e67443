#pragma once

#include "libs/base/log.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::greengrassd {

struct daemon_options {
    std::filesystem::path root;
    std::filesystem::path runtime_dir;
    std::filesystem::path jail_program;  // evergrass-jail
    log_level least = log_level::info;
    bool foreground = false;       // `run`: logs go to standard error too, no pid file
    std::optional<int> report_fd;  // `daemon`: where `start` waits for the outcome
};

// Runs the core until SIGTERM or SIGINT and returns the exit status. One core a root: a second one
// is refused while the first holds <ggc>/var/state/core.lock. When everything is up it writes
// <ggc>/var/state/ready.json, {"pid", "mqtt", "ipc"}; it is removed at the end.
int run_core(const daemon_options& options);

}  // namespace evergrass::greengrassd
