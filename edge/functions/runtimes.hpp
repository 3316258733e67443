#pragma once

#include "contract/manifest.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// What program runs a function. A runtime is one row of the table in runtimes.cpp.
namespace evergrass::edge::functions {

struct launch_plan {
    std::filesystem::path program;
    std::vector<std::string> arguments;  // from argv[0] on
    std::string remark;                  // for the log when not exactly what was asked for
};

struct interpreter {
    std::string name;  // "python3.11"
    std::filesystem::path path;
    bool script = false;  // "#!…": a version manager's shim, slow and dependent on its environment
};

struct host_programs {
    std::vector<interpreter> interpreters;  // in the order of the search path
    std::filesystem::path runtime_dir;      // holds python/lambda_runtime.py
};

// Looks for interpreters of the table's runtimes in the directories of `path` ("a:b:c"), then in
// /usr/bin and /usr/local/bin.
std::vector<interpreter> find_interpreters(std::string_view path);

// The error says which runtime is unsupported or what has to be installed.
result<launch_plan> plan_launch(const contract::function& f, const host_programs& host);

}  // namespace evergrass::edge::functions
