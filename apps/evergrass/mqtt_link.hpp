#pragma once

#include "apps/evergrass/event.hpp"
#include "apps/evergrass/service_info.hpp"
#include "libs/base/result.hpp"
#include "libs/mqtt/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace evergrass::cli {

// An mqtt::client with its own certificate that coroutines can wait for. One executor; destroy it
// there.
class mqtt_link {
public:
    struct options {
        std::string client_id;
        host_port address;
        rt::tls_identity identity;
        std::string ca_pem;
        std::vector<std::string> alpn;
        // False: once connected, a lost connection is not made again. A server closes the older of
        // two clients with one id, and the newer one is the user's.
        bool reconnect = true;
    };
    using on_message = std::function<void(const mqtt::publish_view&)>;

    // Connects within `limit`; the error is the last attempt's reason.
    static boost::asio::awaitable<result<std::unique_ptr<mqtt_link>>> connect(
        boost::asio::any_io_executor executor, options o, on_message received,
        std::chrono::milliseconds limit);
    ~mqtt_link();

    // Waits for the server's answer.
    boost::asio::awaitable<result<void>> subscribe(std::string filter);

    // QoS 0: what devices and core use between each other. A message that does not fit is dropped,
    // as QoS 0 may.
    void publish(const std::string& topic, std::string payload);

    bool connected() const { return client_->connected(); }
    // Why the last connection or attempt ended; empty while all is well.
    const std::string& last_reason() const { return last_reason_; }

private:
    mqtt_link(boost::asio::any_io_executor executor, options o,
              std::shared_ptr<rt::tls_context> tls, on_message received);

    event changed_;
    std::string last_reason_;
    bool was_connected_ = false;
    std::shared_ptr<mqtt::client> client_;
};

}  // namespace evergrass::cli
