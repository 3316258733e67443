#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct shadow_options {
    std::string thing;
    std::string name;  // of a named shadow; empty: the classic one
    // update: the whole payload, or its sections as JSON objects, or null. "-" and "@FILE" are
    // read.
    std::optional<std::string> payload;
    std::optional<std::string> desired;
    std::optional<std::string> reported;
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    bool json = false;
};

// Of a running core's shadows. The exit status: 0 done, 1 refused (there is none, a conflict …),
// 2 the core didn't answer.
int run_shadow_get(const shadow_options& options);
int run_shadow_update(const shadow_options& options);
int run_shadow_delete(const shadow_options& options);
int run_shadow_list(const shadow_options& options);
// Prints the document, and again each time that it has changed, until it is ended.
int run_shadow_watch(const shadow_options& options);

// The payload of an update as the options have it. The error names the option.
result<std::string> update_payload(const shadow_options& options);

}  // namespace evergrass::cli
