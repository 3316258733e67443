#pragma once

#include "edge/functions/function_manager.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge::functions {

struct worker_environment {
    std::filesystem::path directory;  // the function's unpacked code, as the worker sees it
    std::string_view token;           // Authorization of the worker's IPC
    std::uint16_t ipc_port = 0;
    std::string_view log_level;             // "INFO"
    std::string_view host_path;             // the core's own PATH
    std::filesystem::path runtime_dir;      // as the worker sees it
    std::filesystem::path resource_prefix;  // AWS_GG_RESOURCE_PREFIX
};

// The whole environment of a worker as "NAME=value" (spec/lambda-ipc.md §4.1); nothing of the
// core's own but PATH. The function's variables are applied last; those by which a worker is
// identified and finds the core cannot be changed by them. Names that hold '=' or NUL are left out.
// NODE_PATH of Node.js functions and LD_LIBRARY_PATH of native executables begin with the core's
// directories.
std::vector<std::string> build_environment(const function_settings& settings,
                                           const contract::function& f,
                                           const worker_environment& worker);

// Is it set by the core whatever the function's variables say?
bool is_reserved_variable(std::string_view name);

}  // namespace evergrass::edge::functions
