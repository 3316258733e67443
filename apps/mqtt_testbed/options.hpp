#pragma once

#include "libs/base/log.hpp"
#include "libs/mqtt/server_options.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace evergrass::testbed {

// The command line.
struct options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::optional<std::uint16_t> websocket_port;
    // PEM files. No certificate: plain TCP. No CA: clients are not asked for certificates.
    std::string certificate;
    std::string key;
    std::string ca;
    std::string group;   // empty: open to any client and topic
    std::string data;    // empty: sessions end with the process
    std::string losses;  // empty: not written down
    std::size_t threads = 0;
    mqtt::server_options limits;
    log_level least = log_level::warn;

    bool tls() const { return !certificate.empty(); }
};

}  // namespace evergrass::testbed
