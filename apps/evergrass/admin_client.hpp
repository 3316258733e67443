#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

// Where the socket of the core with this root is: below its writeDirectory, or <root>/ggc when
// config.json can't be read.
std::filesystem::path socket_of_root(const std::filesystem::path& root);

// Asks a running core on its socket and waits for the answer, at most `limit` between two reads.
// With a body it is a POST, else a GET. The error says whether the core runs and who may ask.
result<json::object> ask_core(const std::filesystem::path& socket, const std::string& target,
                              const std::optional<json::object>& body = std::nullopt,
                              std::chrono::seconds limit = std::chrono::seconds(10));

}  // namespace evergrass::cli
