#pragma once

#include "edge/functions/runtimes.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The rows of the table in runtimes.cpp, each in its own file, and what they share.
namespace evergrass::edge::functions {

struct function_code {
    const contract::function& f;
    const std::filesystem::path& directory;

    // Executable of the function's configuration, or its handler.
    const std::string& entry() const { return f.executable.empty() ? f.handler : f.executable; }
};

struct runtime {
    runtime_kind kind;
    bool (*runs)(std::string_view runtime);        // is a function's Runtime one of these?
    bool (*interprets)(std::string_view program);  // does a program of this name run them?
    result<launch_plan> (*plan)(const function_code& code, const host_programs& host);
};

extern const runtime python_runtime;
extern const runtime nodejs_runtime;
extern const runtime java_runtime;
extern const runtime executable_runtime;

struct version {
    int major = 0;
    int minor = 0;
};

// "3.7" as {3, 7}, and nothing else.
std::optional<version> parse_version(std::string_view text);

// Adds ExecArgs, split at white space.
void add_exec_args(const contract::function& f, std::vector<std::string>& arguments);

}  // namespace evergrass::edge::functions
