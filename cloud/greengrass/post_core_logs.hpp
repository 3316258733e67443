#pragma once

#include "cloud/greengrass/device_routes.hpp"
#include "cloud/logs/log_registry.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string_view>

// The logs that a core's group has at AWSCloudWatch: POST /evergrass/v1/cores/{thing}/logs
// (docs/core-service-protocol.md).
namespace evergrass::cloud::greengrass {

bool is_core_logs_path(std::string_view method, std::string_view path);

// Runs on `blocking`. The pointers outlive it.
boost::asio::awaitable<http::response> core_logs_over_https(const device_routes* in,
                                                            logs::log_registry* logs,
                                                            boost::asio::any_io_executor blocking,
                                                            http::request asked);

// Keeps the events: groups and streams are made as they come. A core writes below
// /aws/greengrass/ alone, into streams that end in its own name.
http::response post_core_logs(const device_routes& in, logs::log_registry& logs,
                              const device_request& from);

}  // namespace evergrass::cloud::greengrass
