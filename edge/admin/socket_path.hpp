#pragma once

#include <filesystem>

namespace evergrass::edge {

// Where the core's socket is, below `ggc` (<root>/ggc or writeDirectory).
inline std::filesystem::path admin_socket_path(const std::filesystem::path& ggc) {
    return ggc / "var/run/admin.sock";
}

}  // namespace evergrass::edge
