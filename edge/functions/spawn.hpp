#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace evergrass::edge::functions {

// A worker writes its log through one pipe a level (spec/lambda-ipc.md §6.1). Pipe i is descriptor
// i + 1 of the worker, so that what it prints raw to standard output and error is INFO and ERROR.
struct log_pipe {
    std::string_view variable;  // tells the worker the descriptor's number
    log_level level;
};
constexpr std::array<log_pipe, 6> log_pipes = {{
    {"_GG_LOG_FD_INFO", log_level::info},
    {"_GG_LOG_FD_ERROR", log_level::error},
    {"_GG_LOG_FD_DEBUG", log_level::debug},
    {"_GG_LOG_FD_WARN", log_level::warn},
    {"_GG_LOG_FD_FATAL", log_level::fatal},
    {"_GG_LOG_FD_TRACE", log_level::debug},  // V1's log files know no TRACE
}};

struct process_identity {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct spawn_options {
    std::string program;                   // absolute path
    std::vector<std::string> arguments;    // from argv[0] on
    std::vector<std::string> environment;  // "NAME=value", nothing else is passed on
    std::string directory;
    std::optional<process_identity> identity;  // none: our own. Setting it needs root
    bool control = false;                      // a socket to us, its descriptor control_descriptor
};

// Where a program that was started with `control` finds it: behind the log pipes.
constexpr int control_descriptor = 1 + static_cast<int>(log_pipes.size());

struct spawned {
    pid_t pid = 0;                             // leader of its own process group
    std::array<int, log_pipes.size()> logs{};  // read ends, non-blocking, closed on exec
    int control = -1;                          // our end, non-blocking, closed on exec
};

// Starts a process that dies with the calling thread (PR_SET_PDEATHSIG), with standard input from
// /dev/null, the log pipes, which are its user's, and no other descriptor of ours. What fails
// before the program runs is told as a line on its error pipe and by exit status 127, so starting
// never blocks.
result<spawned> spawn(const spawn_options& options);

}  // namespace evergrass::edge::functions
