#include "edge/cloud_link/cloud_link.hpp"

namespace evergrass::edge {
namespace {

// Of what the client holds besides what is in flight: one message of any size.
constexpr std::size_t client_room = 256 * 1024 * 1024;

mqtt::client_options client_options_of(const cloud_link_settings& settings) {
    mqtt::client_options options;
    options.endpoint.host = settings.host;
    options.endpoint.port = settings.port;
    options.tls = settings.tls;
    options.client_id = settings.client_id;
    options.keep_alive = settings.keep_alive;
    options.operation_timeout = settings.operation_timeout;
    options.max_retry = settings.max_retry;
    options.max_inflight = settings.sending.window;
    options.max_queued_bytes = settings.sending.window_bytes + client_room;
    return options;
}

}  // namespace

cloud_link::cloud_link(boost::asio::any_io_executor executor, cloud_link_settings settings,
                       router& messages, spooler& queue, const clock& time, logger log)
    : settings_(std::move(settings)),
      router_(messages),
      queue_(queue),
      time_(time),
      log_(std::move(log)),
      client_(std::move(executor), client_options_of(settings_), log_),
      sender_(client_, queue_, settings_.sending, log_),
      since_(time_.now()) {
    client_.on_message = [this](const mqtt::publish_view& received) { receive(received); };
    client_.on_state = [this](bool connected, std::string_view reason) {
        note_state(connected, reason);
    };
    queue_.on_ready = [this] { sender_.pump(); };
    sender_.on_lost = [this](bool stopped, std::string_view topic) {
        count_lost(stopped ? drop_reason::core_stopped : drop_reason::cloud_refused, topic);
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
}

void cloud_link::stop() {
    stopped_ = true;
    sender_.stop();
    queue_.stop();
    client_.stop();
}

void cloud_link::count_lost(drop_reason reason, std::string_view topic) const {
    const endpoint cloud{endpoint_kind::cloud, ""};
    router_.count_drop(reason, topic, &cloud);
}

bool cloud_link::connected() const {
    return client_.connected();
}

// Each state is logged once; an attempt that fails as the last one did is not worth a line.
void cloud_link::note_state(bool connected, std::string_view reason) {
    if (std::exchange(connected_, connected) != connected) {
        since_ = time_.now();
    }
    if (connected) {
        log_.info("Connected to the cloud.", {{"host", settings_.host},
                                              {"clientId", settings_.client_id},
                                              {"waiting", queue_.numbers().messages}});
        trouble_.clear();
        if (on_link) {
            on_link(true);
        }
        sender_.pump();
        return;
    }
    last_error_ = reason;
    if (on_link) {
        on_link(false);
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
    std::set<std::string> wanted;
    for (auto& subject : router_.table().subjects_from(endpoint_kind::cloud)) {
        wanted.insert(std::move(subject));
    }
    for (const auto& subject : subjects_) {
        if (!wanted.contains(subject) && !other_filters_.contains(subject)) {
            client_.unsubscribe(subject);
        }
    }
    for (const auto& subject : wanted) {
        if (!subjects_.contains(subject) && !other_filters_.contains(subject)) {
            subscribe(subject, mqtt::qos::at_most_once);
        }
    }
    subjects_ = std::move(wanted);
}

void cloud_link::also_follow(std::set<std::string> filters) {
    for (const auto& filter : other_filters_) {
        if (filters.contains(filter)) {
            continue;
        }
        if (subjects_.contains(filter)) {
            subscribe(filter, mqtt::qos::at_most_once);
        } else {
            client_.unsubscribe(filter);
        }
    }
    for (const auto& filter : filters) {
        if (!other_filters_.contains(filter)) {
            subscribe(filter, mqtt::qos::at_least_once);
        }
    }
    other_filters_ = std::move(filters);
}

void cloud_link::subscribe(const std::string& filter, mqtt::qos level) {
    client_.subscribe(filter, level, [log = log_, filter](result<mqtt::qos> granted) {
        if (!granted) {
            log.warn("The cloud refused a subscription.",
                     {{"subject", filter},
                      {"reason", granted.error()},
                      {"next", "allow iot:Subscribe and iot:Receive in the core's policy"}});
        }
    });
}

void cloud_link::send(std::string topic, std::string payload) {
    static_cast<void>(client_.publish(std::move(topic),
                                      std::make_shared<const std::string>(std::move(payload)),
                                      mqtt::qos::at_most_once, {}));
}

std::optional<drop_reason> cloud_link::deliver(const endpoint&, const endpoint&, const message& m) {
    if (stopped_) {
        return drop_reason::core_stopped;
    }
    if (!queue_.push(m.topic, m.payload, m.receipt)) {
        return drop_reason::cloud_queue_too_small;
    }
    sender_.pump();
    return std::nullopt;
}

std::vector<link_connection> cloud_link::connections() const {
    const auto& traffic = client_.traffic();
    return {{settings_.client_id, settings_.host + ":" + std::to_string(settings_.port), connected_,
             since_, last_error_, traffic.received, traffic.sent}};
}

}  // namespace evergrass::edge
