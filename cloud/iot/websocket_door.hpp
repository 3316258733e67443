#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/http/connection.hpp"
#include "libs/http/message.hpp"
#include "libs/mqtt/policy.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace evergrass::cloud {

// MQTT in a WebSocket at `/mqtt`, on ports where HTTP is spoken (docs/device-mqtt.md). Lets in who
// signed with an access key, in the query or in headers, for the service iotdevicegateway or
// iotdata, or showed a client certificate. Lives on the executor of the HTTP server.
class websocket_door {
public:
    // Takes over a connection on which the WebSocket has begun.
    using take_over =
        std::function<void(http::connection&&, mqtt::client_identity, std::string received)>;

    // `blocking` is for what waits for the store. `state` and `time` outlive the door, which
    // outlives its answers.
    websocket_door(store& state, const clock& time, boost::asio::any_io_executor blocking,
                   take_over take, logger log);

    static bool wants(const http::request& asked) { return asked.path() == "/mqtt"; }
    boost::asio::awaitable<http::response> answer(http::request asked);

    // Who it is, without the door around it.
    static cloud::answer<mqtt::client_identity> identify(store& state, http::request& asked,
                                                         wall_time now);

private:
    store& state_;
    const clock& time_;
    boost::asio::any_io_executor blocking_;
    take_over take_;
    logger log_;
};

}  // namespace evergrass::cloud
