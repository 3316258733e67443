#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/greengrass/services.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>

namespace evergrass::cloud {

// What devices and cores ask over mutual TLS: discovery (spec/cloud.md §2) and the cores' protocol
// (docs/core-service-protocol.md).
//
// handle() may be called on any executor that runs one handler at a time; the store is used on
// `blocking`, a thread pool's executor. `services`, `authority` and the pool outlive the requests.
class device_api {
public:
    device_api(greengrass_services& services, const device_authority& authority,
               boost::asio::any_io_executor blocking);
    ~device_api();

    // nullopt when the path is none of these. Suspends up to 60 s for a core's long poll; cancelled
    // with the coroutine that waits for it.
    boost::asio::awaitable<std::optional<http::response>> handle(http::request asked);

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::cloud
