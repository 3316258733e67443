#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace evergrass::cloud {

// The listener of devices' HTTPS over mutual TLS, on a thread of its own: when thousands of cores
// come back at once, their handshakes take the processor for seconds, and users of the APIs are
// answered meanwhile.
class device_door {
public:
    // `contexts` and `handle` are used on that thread alone, until the door ends.
    static result<std::unique_ptr<device_door>> open(const rt::listen_options& where,
                                                     rt::listener::context_source contexts,
                                                     const http::server_options& limits,
                                                     http::handler handle, logger log);
    ~device_door();
    device_door(const device_door&) = delete;
    device_door& operator=(const device_door&) = delete;

    std::uint16_t port() const;

    // As http::server::stop(); the door outlives it. Any executor but its own.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

private:
    struct implementation;
    explicit device_door(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::cloud
