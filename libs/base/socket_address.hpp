#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>

namespace evergrass {

// A unix socket's path that bind() and connect() take: they allow 107 bytes. A longer one is gone
// by the folder's descriptor, which this holds open.
class socket_address {
public:
    // The error says that the folder is missing, or the path too long where /proc is not mounted.
    static result<socket_address> of(const std::filesystem::path& socket);
    socket_address(socket_address&& other) noexcept;
    socket_address& operator=(socket_address&&) = delete;
    ~socket_address();

    const std::string& text() const { return text_; }

private:
    socket_address(std::string text, int folder) : text_(std::move(text)), folder_(folder) {}

    std::string text_;
    int folder_ = -1;
};

}  // namespace evergrass
