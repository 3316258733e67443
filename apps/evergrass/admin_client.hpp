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

// A running program that serves on a unix socket (libs/http/local_server.hpp).
struct local_program {
    std::filesystem::path socket;
    std::string name = "core";
    // How it comes to answer, for the error.
    std::string start = "start it (greengrassd start), or name its folder with --root";
};

// As ask_core().
result<json::object> ask_program(const local_program& program, const std::string& target,
                                 const std::optional<json::object>& body = std::nullopt,
                                 std::chrono::seconds limit = std::chrono::seconds(10));

// Asks a running core on its socket and waits for the answer, at most `limit` between two reads.
// With a body it is a POST, else a GET. The error says whether the core runs and who may ask.
result<json::object> ask_core(const std::filesystem::path& socket, const std::string& target,
                              const std::optional<json::object>& body = std::nullopt,
                              std::chrono::seconds limit = std::chrono::seconds(10));

// A connection that speaks lines from now on (POST /dev). The caller closes the descriptor.
struct core_connection {
    int descriptor = -1;
    std::string received;  // what came behind the answer's head
};

// As ask_core(), for what a core answers with 101.
result<core_connection> upgrade_at_core(const std::filesystem::path& socket,
                                        const std::string& target, const json::object& body);

}  // namespace evergrass::cli
