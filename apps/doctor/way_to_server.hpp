#pragma once

#include "libs/base/result.hpp"
#include "libs/rt/proxy.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace evergrass::doctor {

// A TCP connection, through a proxy when one is given, for who speaks on it without Asio. Lives as
// long as the descriptor is used: bytes to a proxy by TLS are carried by a thread of its own.
class way_to_server {
public:
    // Blocks, at most `limit`.
    static result<std::unique_ptr<way_to_server>> open(const std::string& host, std::uint16_t port,
                                                       std::shared_ptr<const rt::http_proxy> proxy,
                                                       std::chrono::seconds limit);
    virtual ~way_to_server() = default;
    virtual int descriptor() = 0;  // does not block
};

}  // namespace evergrass::doctor
