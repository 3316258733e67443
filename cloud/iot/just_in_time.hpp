#pragma once

#include "cloud/iot/registry.hpp"
#include "libs/base/log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <functional>
#include <string>

namespace evergrass::cloud {

// Just-in-time registration: a certificate that nobody registered, shown by a device that connects,
// is entered as PENDING_ACTIVATION when a registered CA that is ACTIVE and has autoRegistration
// signed it, and `$aws/events/certificates/registered/CA_ID` says so. The connection is refused;
// who activates the certificate lets the device in.
class just_in_time {
public:
    // Works on `blocking`; `say` publishes. What is passed by reference outlives what runs there.
    just_in_time(registry& in, boost::asio::any_io_executor blocking,
                 std::function<void(std::string topic, std::string payload)> say, logger log);

    // Any thread; doesn't block. Of a crowd of strangers some are passed over: they come again.
    void consider(std::string certificate_pem);

private:
    void consider_now(const std::string& pem);

    registry& in_;
    boost::asio::any_io_executor blocking_;
    std::function<void(std::string topic, std::string payload)> say_;
    logger log_;
    std::atomic<int> waiting_{0};
};

}  // namespace evergrass::cloud
