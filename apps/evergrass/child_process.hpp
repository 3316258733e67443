#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace evergrass::cli {

// A program that runs beside us: in a process group of its own, so that the terminal's Ctrl-C does
// not reach it before we do; killed by the kernel (SIGTERM) when we die ourselves; output to a
// file.
struct child_options {
    std::string name;                    // for people: "service", "core"
    std::vector<std::string> arguments;  // [0] is the program's path
    std::filesystem::path log_file;      // written anew, mode 0600
};

result<pid_t> spawn_child(const child_options& options);

// Runs a program to its end and gives its standard output. A status other than 0 is an error with
// what it wrote to standard error. For commands that take a moment: it blocks.
result<std::string> run_command(const std::vector<std::string>& arguments);

// "exited with status 3", "was killed by signal 9 (Killed)", from waitpid's status.
std::string describe_exit(int status);

// The last lines of a log, each after `indent`; a sentence in brackets when there are none.
std::string tail_of(const std::filesystem::path& log_file, std::size_t lines,
                    std::string_view indent);

// The folder of the running program, where its companions are.
result<std::filesystem::path> own_folder();

}  // namespace evergrass::cli
