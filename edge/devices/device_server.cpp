#include "edge/devices/device_server.hpp"

#include "edge/devices/source_name.hpp"

namespace evergrass::edge {

device_server::device_server(boost::asio::any_io_executor executor, device_server_settings settings,
                             router& messages, logger log)
    : settings_(std::move(settings)),
      router_(messages),
      log_(std::move(log)),
      outside_(std::make_shared<hand_over>(std::move(executor), messages)),
      rules_(
          {true, settings_.mqtt.limits.behaviour}, messages,
          [ways = outside_](const endpoint& target, std::span<const way_number> numbers) {
              return ways->to(target, numbers);
          },
          log_) {
    router_.set_sink(endpoint_kind::device, this);
}

device_server::~device_server() {
    stop();
    router_.set_sink(endpoint_kind::device, nullptr);
}

result<void> device_server::open() {
    auto wanted = settings_.mqtt;
    wanted.limits.retained_by_source = true;  // the table asks who said it
    auto started = mqtt::server::start(std::move(wanted), rules_, log_);
    if (!started) {
        return with_context(started.error(), "the local MQTT server");
    }
    server_ = std::move(*started);
    mqtt::listen_settings where;
    where.address = settings_.address;
    where.port = settings_.port;
    where.tls = [this] { return tls(); };
    const auto port = server_->listen(where);
    if (!port) {
        return with_context(port.error(), "the local MQTT server (ggMqttPort)");
    }
    port_ = *port;
    return {};
}

void device_server::stop() {
    if (stopped_) {
        return;
    }
    stopped_ = true;
    if (server_) {
        if (const auto saved = server_->stop(); !saved) {
            log_.error("Not all MQTT sessions could be saved.", {{"reason", saved.error()}});
        }
    }
    outside_->close();
}

std::shared_ptr<const rt::server_tls> device_server::tls() const {
    const std::lock_guard lock(mutex_);
    return tls_;
}

result<void> device_server::use_certificate(const rt::held_identity& identity) {
    rt::server_tls_settings wanted;
    wanted.authentication = rt::client_auth::required;
    wanted.admit = [this](const std::string& certificate) { return rules_.admits(certificate); };
    wanted.oldest = settings_.oldest_tls;
    wanted.cipher_suites = settings_.cipher_suites;
    auto made = rt::server_tls::make(wanted, tls_sessions_);
    if (!made) {
        return with_context(made.error(), "the local MQTT server's TLS");
    }
    if (auto used = rt::use_identity((*made)->handle(), identity); !used) {
        return with_context(used.error(), "the local MQTT server's certificate");
    }
    const std::lock_guard lock(mutex_);
    tls_ = std::move(*made);
    return {};
}

void device_server::drop_certificate() {
    const std::lock_guard lock(mutex_);
    tls_.reset();
}

void device_server::admit(const std::vector<contract::group_member>& devices) {
    rules_.admit(devices);
    if (server_ && !stopped_) {
        close_others();
    }
}

void device_server::close_others() {
    const auto gone = [this](const mqtt::client_info& who) { return rules_.is_gone(who); };
    server_->close_where(gone, mqtt::reason::not_authorized, "the device is not in the group",
                         true);
    const auto renewed = [this](const mqtt::client_info& who) {
        return rules_.has_old_certificate(who);
    };
    server_->close_where(renewed, mqtt::reason::not_authorized,
                         "the device has another certificate in the group", false);
}

std::size_t device_server::connected() const {
    return server_ ? server_->connections() : 0;
}

bool device_server::is_connected(const std::string& thing) const {
    return server_ && server_->is_connected(thing);
}

mqtt::server::statistics device_server::numbers() const {
    return server_ ? server_->numbers() : mqtt::server::statistics{};
}

std::optional<drop_reason> device_server::would_refuse(const endpoint& source) const {
    return rules_.knows(source.name) ? std::nullopt
                                     : std::optional(drop_reason::certificate_not_in_group);
}

std::optional<drop_reason> device_server::would_drop(const endpoint& target,
                                                     std::string_view topic) const {
    if (const auto refused = would_refuse(target)) {
        return refused;
    }
    if (!server_ || stopped_) {
        return drop_reason::device_not_connected;
    }
    const auto loss = server_->would_lose(target.name, topic);
    return loss ? std::optional(drop_reason_of(*loss)) : std::nullopt;
}

std::optional<drop_reason> device_server::deliver(const endpoint& source, const endpoint&,
                                                  const message& m) {
    if (!server_ || stopped_) {
        return drop_reason::core_stopped;
    }
    auto made = std::make_shared<mqtt::stored_message>();
    made->topic = m.topic;
    made->payload = m.payload;
    // A session that waits for its device keeps it, where the device's filter asks for QoS 1.
    made->level = mqtt::qos::at_least_once;
    made->source = source_name(source);
    server_->publish(std::move(made));
    return std::nullopt;
}

}  // namespace evergrass::edge
