#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace evergrass::cli {

struct dev_options {
    std::filesystem::path directory;
    std::string handler;  // empty: guessed, or the deployed function's
    std::string runtime;
    std::string name;  // empty: the folder's
    std::string as;    // ARN or name of the deployed function whose place it takes
    bool pinned = false;
    std::optional<int> timeout_seconds;
    std::optional<std::string> payload;  // to invoke with after each start; text, "@FILE" or "-"
    std::string topic;                   // invokes as a message of this topic does
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    bool json = false;
};

// Runs a folder's handler at a running core, starts it anew when a file changes, and shows its log,
// until Ctrl-C or the end of the core. The exit status: 0 Ctrl-C or SIGTERM; 2 it could not begin,
// or the core or the folder went.
int run_dev(const dev_options& options);

// A name of a function made from a folder's: what is no letter, digit, - or _ becomes -.
std::string function_name_of(const std::filesystem::path& folder);

// POST /dev, with what is guessed; `said` gets a sentence on that.
result<json::object> development_of(const dev_options& options, std::string& said);

// A core's event as it is shown, a line or more; empty for one that is not known.
std::string shown_event(const json::object& event);
// "main.py and 2 more changed"
std::string shown_changes(const std::set<std::string>& changes);

}  // namespace evergrass::cli
