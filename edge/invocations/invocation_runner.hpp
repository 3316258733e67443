#pragma once

#include "edge/deployment/invocation_order.hpp"
#include "edge/deployment/service_client.hpp"
#include "libs/base/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace evergrass::edge {

struct runner_settings {
    int wait_seconds = 20;  // how long the service may hold a request for the next order
    std::chrono::milliseconds retry{500};
    int attempts = 5;  // to tell an outcome
};

// Fetches from the service what it asks this core to run, and tells what became of it. Has
// connections of its own, and none while there is nothing to run: the answer to a poll for
// deployments says when there is (wake). One executor.
class invocation_runner {
public:
    using run = std::function<boost::asio::awaitable<invocation_outcome>(invocation_order)>;

    // Both clients are of the same service.
    invocation_runner(boost::asio::any_io_executor executor, service_client fetching,
                      service_client telling, run perform, logger log,
                      runner_settings settings = {});
    ~invocation_runner();

    void wake();
    // What runs is not told any more.
    void stop();

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge
