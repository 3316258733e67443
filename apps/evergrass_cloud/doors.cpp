#include "apps/evergrass_cloud/doors.hpp"

#include "apps/evergrass_cloud/host_names.hpp"
#include "cloud/gateway/reset.hpp"
#include "libs/rt/run_on.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;

constexpr auto mqtt_protocol = "x-amzn-mqtt-ca";
constexpr auto device_http_protocol = "x-amzn-http-ca";

// How long running requests may take when we stop. Devices' are long polls, which nobody loses.
constexpr auto api_grace = 5s;
constexpr auto device_grace = 500ms;

http::server_options device_limits(const service_options& options) {
    http::server_options limits;
    limits.max_body_bytes = 6 * 1024 * 1024;  // a function's result
    limits.max_connections = options.device_connections;
    return limits;
}

rt::tls_server_options tls_options(service_parts& parts, rt::client_auth authentication,
                                   std::vector<std::string> protocols) {
    rt::tls_server_options options;
    options.authentication = authentication;
    options.admit = [&parts](const rt::peer_certificate& shown) {
        const bool admitted = parts.authority().is_active(shown.id);
        if (!admitted) {
            parts.newcomers().consider(shown.pem);
        }
        return admitted;
    };
    options.alpn = std::move(protocols);
    return options;
}

rt::server_tls_settings mqtt_tls_settings(service_parts& parts) {
    rt::server_tls_settings settings;
    settings.authentication = rt::client_auth::required;
    settings.admit = [&authority = parts.authority()](const std::string& certificate_id) {
        return authority.is_active(certificate_id);
    };
    settings.on_refused = [&parts](const rt::peer_certificate& refused) {
        parts.newcomers().consider(refused.pem);
    };
    settings.alpn = {mqtt_protocol, "mqtt"};
    return settings;
}

rt::listen_options listen_at(std::string address, std::uint16_t port) {
    rt::listen_options options;
    options.address = std::move(address);
    options.port = port;
    return options;
}

// Not by a name that a foreign page has made resolve to this machine.
bool asks_for_metrics(const http::request& asked) {
    return asked.method == "GET" && asked.path() == "/metrics" && has_loopback_host(asked);
}

}  // namespace

http::server_options doors::api_limits(const service_options& options) {
    http::server_options limits;
    // Lambda's own limit of a request: a package of 50 MB in base64.
    limits.max_body_bytes = 70'167'211;
    limits.max_connections_per_address = options.connections_per_address;
    limits.on_refused = [this] { parts_.count_refused_connection(); };
    limits.at_once = [this](http::request& asked) { return parts_.answer_at_once(asked); };
    return limits;
}

doors::doors(boost::asio::any_io_executor executor, const service_options& options,
             service_parts& parts, logger log)
    : parts_(parts),
      log_(log),
      bridges_(executor),
      websocket_(parts.make_websocket_door(
          [this](http::connection&& from, mqtt::client_identity who, std::string received) {
              take_mqtt(std::move(from), std::move(who), std::move(received));
          })),
      api_server_(api_limits(options), api_handler(false), log),
      plain_server_(api_limits(options), api_handler(true), log),
      device_server_(device_limits(options), parts.device_handler(), log),
      admin_(
          executor, options.data / "admin.sock", http::server_options(),
          [this](http::request asked) {
              return answer_admin(this, parts_.admin_executor(), std::move(asked));
          },
          log) {}

boost::asio::awaitable<http::response> doors::answer_admin(doors* self,
                                                           boost::asio::any_io_executor on,
                                                           http::request asked) {
    auto kept = std::make_shared<http::request>(std::move(asked));
    const auto* const parts = &self->parts_.admin();
    std::function<http::response()> work = [parts, kept] { return admin_answer(*parts, *kept); };
    auto answered = co_await rt::run_on<http::response>(std::move(on), std::move(work));
    co_return answered;
}

http::handler doors::api_handler(bool plain_loopback) {
    return [this, plain_loopback, apis = parts_.api_handler(plain_loopback)](http::request asked) {
        if (websocket_door::wants(asked)) {
            return websocket_->answer(std::move(asked));
        }
        if (objects::s3_door::wants(asked)) {
            return parts_.objects().answer(std::move(asked));
        }
        if (is_health_check(asked) || (plain_loopback && asks_for_metrics(asked))) {
            return answer_admin(this, parts_.blocking_executor(), std::move(asked));
        }
        return apis(std::move(asked));
    };
}

result<std::unique_ptr<doors>> doors::open(boost::asio::any_io_executor executor,
                                           const service_options& options, service_parts& parts,
                                           server_identity& identity, logger log) {
    std::unique_ptr<doors> made(new doors(executor, options, parts, std::move(log)));
    if (auto opened = made->open_api(executor, options, identity); !opened) {
        return opened.error();
    }
    if (auto opened = made->open_devices(options, identity); !opened) {
        return opened.error();
    }
    if (auto opened = made->admin_.open(); !opened) {
        return with_context(opened.error(), "the service's own socket");
    }
    return made;
}

result<void> doors::open_api(boost::asio::any_io_executor executor, const service_options& options,
                             server_identity& identity) {
    // A client certificate is asked for on this port, because the protocol that needs one is agreed
    // in the same handshake; the AWS APIs do without.
    auto contexts = identity.source(tls_options(parts_, rt::client_auth::optional,
                                                {mqtt_protocol, device_http_protocol, "http/1.1"}));
    if (!contexts) {
        return contexts.error();
    }
    auto api = rt::listener::open_tls(
        executor, listen_at(options.listen, options.api_port), std::move(*contexts),
        [this](rt::secure_connection c) { take_api_connection(std::move(c)); }, log_);
    if (!api) {
        return with_context(api.error(), "--api-port");
    }
    api_ = std::move(*api);
    auto plain = rt::listener::open_plain(
        executor, listen_at(plain_http_address(options), options.http_port),
        [this](rt::plain_connection c) { plain_server_.serve(std::move(c)); }, log_);
    if (!plain) {
        return with_context(plain.error(), "--http-port");
    }
    plain_ = std::move(*plain);
    return {};
}

result<void> doors::open_devices(const service_options& options, server_identity& identity) {
    auto mqtt_tls = identity.server_source(mqtt_tls_settings(parts_));
    if (!mqtt_tls) {
        return mqtt_tls.error();
    }
    mqtt::listen_settings where;
    where.address = options.listen;
    where.port = options.mqtt_port;
    where.tls = std::move(*mqtt_tls);
    const auto mqtt = parts_.devices().listen(where);
    if (!mqtt) {
        return with_context(mqtt.error(), "--mqtt-port");
    }
    mqtt_port_ = *mqtt;
    auto https_contexts = identity.source(
        tls_options(parts_, rt::client_auth::required, {device_http_protocol, "http/1.1"}));
    if (!https_contexts) {
        return https_contexts.error();
    }
    auto https = device_door::open(listen_at(options.listen, options.iot_https_port),
                                   std::move(*https_contexts), device_limits(options),
                                   parts_.device_handler(), log_);
    if (!https) {
        return with_context(https.error(), "--iot-https-port");
    }
    iot_https_ = std::move(*https);
    return {};
}

void doors::take_api_connection(rt::secure_connection connection) {
    if (connection.alpn == mqtt_protocol) {
        mqtt::client_identity who;
        who.remote_address = connection.remote_address;
        if (connection.peer) {
            who.certificate_id = connection.peer->id;
        }
        take_mqtt(http::connection(std::move(connection)), std::move(who), {});
    } else if (connection.alpn == device_http_protocol) {
        device_server_.serve(std::move(connection));
    } else {
        api_server_.serve(std::move(connection));
    }
}

void doors::take_mqtt(http::connection&& from, mqtt::client_identity who, std::string received) {
    const auto socket = bridges_.open(std::move(from));
    if (!socket) {
        log_.error("An MQTT connection was closed.",
                   {{"from", who.remote_address}, {"error", socket.error()}});
        return;
    }
    parts_.devices().adopt(*socket, std::move(who), std::move(received));
}

open_ports doors::ports() const {
    return {api_->port(), plain_->port(), mqtt_port_, iot_https_->port()};
}

boost::asio::awaitable<void> doors::stop() {
    api_->stop();
    plain_->stop();
    co_await admin_.stop();
    // The hub after those who publish to it and wait until it has what they said.
    co_await iot_https_->stop(device_grace);
    co_await device_server_.stop(device_grace);
    co_await api_server_.stop(api_grace);
    co_await plain_server_.stop(api_grace);
    if (const auto stopped = parts_.devices().stop(); !stopped) {
        log_.error("Not all of MQTT's sessions and messages could be saved.",
                   {{"error", stopped.error()}});
    }
    co_await bridges_.drained();
}

}  // namespace evergrass::cloud
