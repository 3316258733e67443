#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct invoke_options {
    std::string function;  // ARN or name
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    std::string payload = "{}";                 // the text itself, "@FILE", or "-": standard input
    std::optional<std::string> client_context;  // JSON
    bool event = false;
    int timeout_seconds = 300;  // of waiting for the result
    bool json = false;
};

// Invokes a function of a running core, as another function would, and shows its result and what it
// logged meanwhile. The exit status: 0 success, or an event was accepted; 1 the function answered
// with an error; 2 it was not invoked, or gave no result in time.
int run_invoke(const invoke_options& options);

// The payload that an option names: the text itself, "@FILE", or "-" for standard input.
result<std::string> read_payload(const std::string& named);

// What is asked of the core: POST /invoke.
result<json::object> invocation_of(const invoke_options& options, std::string payload);
// How the answer is shown; the result itself goes to standard output alone.
std::string invocation_notes(const json::object& answer);

}  // namespace evergrass::cli
