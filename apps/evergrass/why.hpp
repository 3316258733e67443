#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

struct why_options {
    std::string from;
    std::string topic;
    std::optional<std::string> to;
    std::filesystem::path root = "/greengrass";
    std::optional<std::filesystem::path> socket;  // instead of the root's
    std::optional<std::filesystem::path> file;    // a group in place of a live core
    bool json = false;
};

// Says which subscriptions a message meets, who gets it and why others don't. The exit status: 0 it
// reaches every target (that was asked for), 1 it doesn't, 2 the question can't be answered.
int run_why(const why_options& options);

// The answer for a group that is only a file. States that nobody can know are said to be unknown.
result<json::object> why_of_file(const why_options& options, std::string_view text);

// An answer, live or not, as a picture for people. Members that are missing are left out.
std::string why_picture(const json::object& answer);

}  // namespace evergrass::cli
