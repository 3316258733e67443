#include "cloud/iot/websocket_door.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/output.hpp"
#include "cloud/iot/hub_policy.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/random.hpp"
#include "libs/http/websocket.hpp"
#include "libs/rt/run_on.hpp"

#include <memory>
#include <utility>

namespace evergrass::cloud {
namespace {

namespace asio = boost::asio;

// "mqtt" is the standard's [MQTT-6.0.0-4]; the AWS IoT Device SDK v1 knows only the older one.
constexpr std::string_view protocols[] = {"mqtt", "mqttv3.1"};

}  // namespace

websocket_door::websocket_door(store& state, const clock& time, asio::any_io_executor blocking,
                               take_over take, logger log)
    : state_(state),
      time_(time),
      blocking_(std::move(blocking)),
      take_(std::move(take)),
      log_(std::move(log)) {}

cloud::answer<mqtt::client_identity> websocket_door::identify(store& state, http::request& asked,
                                                              wall_time now) {
    mqtt::client_identity who;
    who.remote_address = asked.remote_address;
    who.websocket = true;
    if (asked.peer) {
        who.certificate_id = asked.peer->id;
    }
    const bool in_header = asked.headers.get("authorization").has_value();
    const auto presigned = aws::parse_presigned(asked.target);
    const bool is_signed = in_header || !presigned || *presigned;
    if (!is_signed && asked.peer) {
        return who;
    }
    const auto by =
        in_header ? authenticate(state, asked, now) : authenticate_presigned(state, asked, now);
    if (!by) {
        return by.error();
    }
    if (by->signing_name != "iotdevicegateway" && by->signing_name != "iotdata") {
        return api_error{403, "InvalidSignatureException",
                         "Credential should be scoped to correct service: 'iotdevicegateway'."};
    }
    if (by->acting) {
        // An access key may do everything here, and a connection outlives a session.
        return api_error{403, "AccessDeniedException",
                         "User: " + by->acting->to_arn() +
                             " is not authorized to connect: temporary credentials open no MQTT "
                             "connection; use a certificate, or publish by iot-data"};
    }
    who.certificate_id.reset();  // the signature is what counts
    who.attachment = std::make_shared<const access_key_principal>(
        access_key_principal{by->access_key_id, by->role});
    return who;
}

asio::awaitable<http::response> websocket_door::answer(http::request asked) {
    const auto request_id = uuid_v4();
    auto upgrade = http::answer_websocket(asked, protocols);
    upgrade.headers.set("x-amzn-requestid", request_id);
    if (upgrade.status != 101) {
        log_.info(
            "A request for a WebSocket was refused.",
            {{"requestId", request_id}, {"from", asked.remote_address}, {"reason", upgrade.body}});
        co_return upgrade;
    }
    const auto from = asked.remote_address;
    auto kept = std::make_shared<http::request>(std::move(asked));
    auto* const state = &state_;
    const auto now = time_.now();
    std::function<cloud::answer<mqtt::client_identity>()> work = [state, kept, now] {
        return identify(*state, *kept, now);
    };
    auto who =
        co_await rt::run_on<cloud::answer<mqtt::client_identity>>(blocking_, std::move(work));
    if (!who) {
        log_.warn("A WebSocket client was refused.", {{"requestId", request_id},
                                                      {"from", from},
                                                      {"code", who.error().code},
                                                      {"message", who.error().message},
                                                      {"why", who.error().why}});
        auto refused = shape_error(who.error());
        refused.headers.set("x-amzn-requestid", request_id);
        co_return refused;
    }
    upgrade.upgrade = [take = take_, who = std::move(*who)](http::connection&& taken,
                                                            std::string received) {
        take(std::move(taken), who, std::move(received));
    };
    co_return upgrade;
}

}  // namespace evergrass::cloud
