#include "edge/devices/device_server.hpp"

#include <algorithm>

namespace evergrass::edge {

// What the server remembers of one connected device.
struct device_server::session {
    endpoint device;
    std::vector<std::string> filters;
    bool full = false;  // the last message for it found its queue full
};

namespace {

mqtt::server_options options_of(const device_server_settings& settings) {
    mqtt::server_options options;
    options.max_connections = settings.max_connections;
    return options;
}

}  // namespace

device_server::device_server(boost::asio::any_io_executor executor, device_server_settings settings,
                             router& messages, logger log)
    : executor_(executor),
      settings_(std::move(settings)),
      router_(messages),
      log_(std::move(log)),
      server_(std::move(executor), options_of(settings_), *this, log_) {
    router_.set_sink(endpoint_kind::device, this);
}

device_server::~device_server() {
    stop();
    router_.set_sink(endpoint_kind::device, nullptr);
}

result<void> device_server::open() {
    rt::listen_options where;
    where.address = settings_.address;
    where.port = settings_.port;
    auto opened = rt::listener::open_tls(
        executor_, where, [this] { return context_; },
        [this](rt::secure_connection connection) { server_.serve(std::move(connection)); }, log_);
    if (!opened) {
        return with_context(opened.error(), "the local MQTT server (ggMqttPort)");
    }
    listener_ = std::move(*opened);
    return {};
}

std::uint16_t device_server::port() const {
    return listener_ ? listener_->port() : 0;
}

void device_server::stop() {
    if (listener_) {
        listener_->stop();
    }
    server_.stop();
}

result<void> device_server::use_certificate(const rt::tls_identity& identity) {
    rt::tls_server_options options;
    options.identity = identity;
    options.authentication = rt::client_auth::required;
    options.admit = [admitted = admitted_, log = log_,
                     &messages = router_](const rt::peer_certificate& certificate) {
        if (admitted->contains(certificate.id)) {
            return true;
        }
        messages.count_drop(drop_reason::certificate_not_in_group,
                            {endpoint_kind::device, "certificate " + certificate.id}, "", nullptr);
        log.warn("A device was refused: its certificate is not of this group.",
                 {{"certificateId", certificate.id},
                  {"next", "add the device to the group with this certificate and deploy"}});
        return false;
    };
    auto context = rt::make_server_context(options);
    if (!context) {
        return with_context(context.error(), "the local MQTT server's certificate");
    }
    context_ = *context;
    return {};
}

void device_server::drop_certificate() {
    context_.reset();
}

bool device_server::may_be(const std::string& certificate_id, const std::string& thing) const {
    const auto found = admitted_->find(certificate_id);
    return found != admitted_->end() &&
           std::find(found->second.begin(), found->second.end(), thing) != found->second.end();
}

void device_server::admit(const std::vector<contract::group_member>& devices) {
    const auto before = *admitted_;
    admitted_->clear();
    for (const auto& device : devices) {
        (*admitted_)[device.certificate_id()].push_back(device.thing_name());
    }
    for (const auto& [certificate, things] : before) {
        for (const auto& thing : things) {
            auto* connection = may_be(certificate, thing) ? nullptr : server_.find(thing);
            if (connection != nullptr && connection->peer() &&
                connection->peer()->id == certificate) {
                connection->close("the device is no longer in the group with this certificate");
            }
        }
    }
}

std::size_t device_server::connected() const {
    return server_.connections();
}

mqtt::connect_code device_server::on_connect(mqtt::server_connection& from,
                                             const mqtt::connect_info& info) {
    // The handshake has asked already; a deployment may have removed the device since.
    const auto& certificate = from.peer();
    if (!certificate || !admitted_->contains(certificate->id)) {
        router_.count_drop(drop_reason::certificate_not_in_group,
                           {endpoint_kind::device, info.client_id}, "", nullptr);
        return mqtt::connect_code::not_authorized;
    }
    if (!may_be(certificate->id, info.client_id)) {
        router_.count_drop(drop_reason::client_id_not_thing,
                           {endpoint_kind::device, info.client_id}, "", nullptr);
        log_.warn("A device was refused: its client id is not its thing's name.",
                  {{"clientId", info.client_id},
                   {"thing", admitted_->at(certificate->id).front()},
                   {"remote", from.remote_address()}});
        return mqtt::connect_code::identifier_rejected;
    }
    auto opened = std::make_shared<session>();
    opened->device = {endpoint_kind::device, info.client_id};
    from.context = std::move(opened);
    log_.info("Device connected.", {{"thing", info.client_id}, {"remote", from.remote_address()}});
    return mqtt::connect_code::accepted;
}

bool device_server::on_publish(mqtt::server_connection& from, const mqtt::publish_view& message) {
    const auto& device = static_cast<session*>(from.context.get())->device;
    router_.publish(
        device, {std::string(message.topic), std::make_shared<const std::string>(message.payload)});
    return true;
}

std::optional<mqtt::qos> device_server::on_subscribe(mqtt::server_connection& from,
                                                     std::string_view filter, mqtt::qos wanted) {
    auto& subscriber = *static_cast<session*>(from.context.get());
    if (!router_.table().may_receive(subscriber.device, filter)) {
        log_.warn("A device's SUBSCRIBE was refused: nothing in the group can reach it there.",
                  {{"thing", subscriber.device.name},
                   {"filter", filter},
                   {"next",
                    "add a subscription to the group whose target is this device and whose "
                    "subject covers the filter, and deploy"}});
        return std::nullopt;
    }
    const bool known = std::find(subscriber.filters.begin(), subscriber.filters.end(), filter) !=
                       subscriber.filters.end();
    if (!known && subscriber.filters.size() >= settings_.max_filters) {
        log_.warn("A device's SUBSCRIBE was refused: it has too many filters.",
                  {{"thing", subscriber.device.name}, {"most", settings_.max_filters}});
        return std::nullopt;
    }
    if (!known) {
        subscriber.filters.emplace_back(filter);
    }
    // Granted as asked, although local delivery is at QoS 0 (spec/core.md §9): clients that ask for
    // 1 and are granted 0 may take it for a fault.
    return wanted == mqtt::qos::exactly_once ? mqtt::qos::at_least_once : wanted;
}

void device_server::on_unsubscribe(mqtt::server_connection& from, std::string_view filter) {
    auto& filters = static_cast<session*>(from.context.get())->filters;
    std::erase(filters, filter);
}

void device_server::on_disconnect(mqtt::server_connection& from, bool clean,
                                  std::string_view reason) {
    const auto& device = static_cast<session*>(from.context.get())->device;
    log_.info("Device disconnected.",
              {{"thing", device.name}, {"clean", clean}, {"reason", reason}});
}

bool device_server::is_connected(const std::string& thing) const {
    return server_.find(thing) != nullptr;
}

std::optional<drop_reason> device_server::would_refuse(const endpoint& source) const {
    const bool known = std::any_of(admitted_->begin(), admitted_->end(), [&](const auto& entry) {
        return std::find(entry.second.begin(), entry.second.end(), source.name) !=
               entry.second.end();
    });
    return known ? std::nullopt : std::optional(drop_reason::certificate_not_in_group);
}

std::optional<drop_reason> device_server::would_drop(const endpoint& target,
                                                     std::string_view topic) const {
    if (const auto refused = would_refuse(target)) {
        return refused;
    }
    const auto* connection = server_.find(target.name);
    if (connection == nullptr || !connection->context) {
        return drop_reason::device_not_connected;
    }
    const auto& receiver = *static_cast<const session*>(connection->context.get());
    const bool wanted =
        std::any_of(receiver.filters.begin(), receiver.filters.end(),
                    [&](const auto& filter) { return mqtt::topic_matches(filter, topic); });
    if (!wanted) {
        return drop_reason::device_not_subscribed;
    }
    return receiver.full ? std::optional(drop_reason::queue_full) : std::nullopt;
}

std::optional<drop_reason> device_server::deliver(const endpoint& target, const message& m) {
    auto* connection = server_.find(target.name);
    if (connection == nullptr || !connection->context) {
        return drop_reason::device_not_connected;
    }
    auto& receiver = *static_cast<session*>(connection->context.get());
    const bool wanted =
        std::any_of(receiver.filters.begin(), receiver.filters.end(),
                    [&](const auto& filter) { return mqtt::topic_matches(filter, m.topic); });
    if (!wanted) {
        return drop_reason::device_not_subscribed;
    }
    const auto sent = connection->publish(m.topic, m.payload, mqtt::qos::at_most_once, false);
    receiver.full = sent == mqtt::send_result::queue_full;
    switch (sent) {
        case mqtt::send_result::queued:
            return std::nullopt;
        case mqtt::send_result::queue_full:
            return drop_reason::queue_full;
        case mqtt::send_result::not_connected:
            break;
    }
    return drop_reason::device_not_connected;
}

}  // namespace evergrass::edge
