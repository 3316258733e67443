#pragma once

#include "contract/manifest.hpp"
#include "edge/functions/spawn.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What program runs a function. A runtime is one row of the table in runtimes.cpp.
namespace evergrass::edge::functions {

enum class runtime_kind { unknown, python, nodejs, java, executable };
runtime_kind kind_of_runtime(std::string_view runtime);  // "python3.7" …

struct launch_plan {
    std::filesystem::path program;
    std::vector<std::string> arguments;  // from argv[0] on
    std::string remark;                  // for the log when not exactly what was asked for
};

struct interpreter {
    std::string name;  // "python3.11", "nodejs12.x", "node", "java"
    std::filesystem::path path;
    bool script = false;  // "#!…": a version manager's shim, slow and dependent on its environment
};

// The first line of what `PROGRAM --version` prints, without its end; empty when it does not. A
// program whose name begins with java is asked with -version and prints it to standard error.
using version_prober = std::function<std::string(const std::filesystem::path& program)>;

// Runs the program, once as long as its file stays the same. Blocks for as long as the program
// takes, at most 5 s.
version_prober remembering_prober();

struct host_programs {
    std::vector<interpreter> interpreters;  // in the order of the search path
    std::filesystem::path runtime_dir;      // holds python/lambda_runtime.py
    // Asked only about programs whose name tells no version, and only when a function may need one.
    version_prober version_of = remembering_prober();
    // By runtime: what the owner of this host names (config.json, runtime.interpreters). No search
    // is made for these.
    std::map<std::string, std::filesystem::path> named{};
};

// Looks for interpreters of the table's runtimes in the directories of `path` ("a:b:c"), then in
// /usr/bin and /usr/local/bin.
std::vector<interpreter> find_interpreters(std::string_view path);

// May this user reach the program's file, behind links, and run it, by the permissions of each
// folder on the way (other groups of the user apart)? Scripts have to be readable, too.
bool may_run(const process_identity& who, const interpreter& program);

// `directory` holds the function's unpacked code; a native executable in it is made one for the
// system too (spec/lambda-ipc.md §4.2). An interpreter that `who`, nullopt for whom the core runs
// as, may not run, as one in root's home, is passed over. The error says which runtime is
// unsupported or what has to be installed.
result<launch_plan> plan_launch(const contract::function& f, const std::filesystem::path& directory,
                                const host_programs& host,
                                const std::optional<process_identity>& who = std::nullopt);

}  // namespace evergrass::edge::functions
