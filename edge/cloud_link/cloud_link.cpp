#include "edge/cloud_link/cloud_link.hpp"

namespace evergrass::edge {
namespace {

// Of what the client holds besides what is in flight: one message of any size.
constexpr std::size_t client_room = 256 * 1024 * 1024;

mqtt::client_options client_options_of(const cloud_link_settings& settings) {
    mqtt::client_options options;
    options.endpoint.host = settings.host;
    options.endpoint.port = settings.port;
    options.endpoint.proxy = settings.proxy;
    options.tls = settings.tls;
    options.client_id = settings.client_id;
    options.keep_alive = settings.keep_alive;
    options.operation_timeout = settings.operation_timeout;
    options.max_retry = settings.max_retry;
    options.max_inflight = settings.sending.window;
    options.max_queued_bytes = settings.sending.window_bytes + client_room;
    return options;
}

link_connections_settings connection_settings_of(const cloud_link_settings& settings) {
    link_connections_settings out;
    out.options = client_options_of(settings);
    out.client_ids = settings.more_client_ids;
    out.filters_per_connection = settings.filters_per_connection;
    out.sessions_file = settings.sessions_file;
    return out;
}

}  // namespace

cloud_link::cloud_link(boost::asio::any_io_executor executor, cloud_link_settings settings,
                       router& messages, spooler& queue, logger log)
    : settings_(std::move(settings)),
      router_(messages),
      queue_(queue),
      log_(std::move(log)),
      client_(executor, client_options_of(settings_), log_),
      sender_(client_, queue_, settings_.sending, log_),
      connections_(std::move(executor), client_, connection_settings_of(settings_), log_) {
    client_.on_message = [this](const mqtt::publish_view& received) {
        connections_.heard(received);
    };
    client_.on_state = [this](bool connected, std::string_view reason) {
        note_state(connected, reason);
        connections_.changed(connected, reason);
    };
    connections_.on_message = [this](const mqtt::publish_view& received) { receive(received); };
    connections_.on_up = [this](bool up) {
        if (on_link) {
            on_link(up);
        }
    };
    queue_.on_ready = [this] { sender_.pump(); };
    sender_.on_refused = [this](std::string_view topic) {
        const endpoint to_cloud{endpoint_kind::cloud, ""};
        router_.count_drop(drop_reason::cloud_refused, topic, &to_cloud);
    };
    router_.set_sink(endpoint_kind::cloud, this);
}

cloud_link::~cloud_link() {
    queue_.on_ready = nullptr;
    router_.set_sink(endpoint_kind::cloud, nullptr);
}

void cloud_link::receive(const mqtt::publish_view& received) {
    const endpoint cloud{endpoint_kind::cloud, ""};
    const bool taken = on_other && on_other(received.topic, received.payload);
    if (!taken || router_.table().may_publish(cloud, received.topic)) {
        router_.publish(cloud, {std::string(received.topic),
                                std::make_shared<const std::string>(received.payload)});
    }
}

void cloud_link::start() {
    client_.start();
    connections_.start();
}

void cloud_link::stop() {
    sender_.stop();
    connections_.stop();
    client_.stop();
}

bool cloud_link::connected() const {
    return client_.connected();
}

// Each state is logged once; an attempt that fails as the last one did is not worth a line.
void cloud_link::note_state(bool connected, std::string_view reason) {
    if (connected) {
        log_.info("Connected to the cloud.", {{"host", settings_.host},
                                              {"clientId", settings_.client_id},
                                              {"waiting", queue_.numbers().messages}});
        trouble_.clear();
        sender_.pump();
        return;
    }
    if (trouble_ != reason) {
        trouble_ = reason;
        log_.warn("No connection to the cloud. Local messages go on; those for the cloud wait.",
                  {{"host", settings_.host},
                   {"port", settings_.port},
                   {"reason", reason},
                   {"caFile", settings_.ca_file}});
    } else {
        log_.debug("Still no connection to the cloud.", {{"reason", reason}});
    }
}

void cloud_link::follow_table() {
    subjects_.clear();
    for (auto& subject : router_.table().subjects_from(endpoint_kind::cloud)) {
        subjects_.insert(std::move(subject));
    }
    subscribe();
}

void cloud_link::also_follow(std::set<std::string> filters) {
    other_filters_ = std::move(filters);
    subscribe();
}

void cloud_link::subscribe() {
    wanted_filters all;
    for (const auto& subject : subjects_) {
        all[subject] = {keep_sessions_ ? mqtt::qos::at_least_once : mqtt::qos::at_most_once,
                        keep_sessions_};
    }
    for (const auto& filter : other_filters_) {
        all[filter].level = mqtt::qos::at_least_once;
    }
    connections_.want(all, other_filters_);
}

void cloud_link::send(std::string topic, std::string payload) {
    static_cast<void>(client_.publish(std::move(topic),
                                      std::make_shared<const std::string>(std::move(payload)),
                                      mqtt::qos::at_most_once, {}));
}

std::optional<drop_reason> cloud_link::deliver(const endpoint&, const endpoint&, const message& m) {
    if (!queue_.push(m.topic, m.payload, m.receipt)) {
        return queue_.stopped() ? drop_reason::core_stopped : drop_reason::cloud_queue_too_small;
    }
    sender_.pump();
    return std::nullopt;
}

}  // namespace evergrass::edge
