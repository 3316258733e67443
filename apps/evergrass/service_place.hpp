#pragma once

#include "apps/evergrass/admin_client.hpp"
#include "libs/base/json.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

// Which service a verb asks, by the socket in its folder (docs/access.md), and how it answers.
struct service_place {
    std::filesystem::path data;
    bool json = false;
};

// The error says how the service comes to answer.
inline result<json::object> ask_service(const service_place& where, const std::string& target,
                                        const std::optional<json::object>& body = std::nullopt,
                                        std::chrono::seconds limit = std::chrono::seconds(30)) {
    return ask_program({.socket = where.data / "admin.sock",
                        .name = "service",
                        .start = "start evergrass-cloud, or name its folder with --data"},
                       target, body, limit);
}

// One line on standard error; the exit status of a verb that failed.
inline int fail(const error& why) {
    std::fprintf(stderr, "evergrass: %s\n", why.context.c_str());
    return 1;
}

}  // namespace evergrass::cli
