#include "cloud/iot/hub.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace evergrass::cloud {
namespace {

// AWS IoT's (spec/cloud.md §4.1, docs/device-mqtt.md) but where it says otherwise.
mqtt::server_options limits_of(const hub_settings& settings) {
    mqtt::server_options limits;
    limits.max_packet_bytes = 146 * 1024;
    // The policy has the limit; reserved topics may be longer.
    limits.max_topic_bytes = 1024;
    // Bounds what one client can make us hold. AWS stops at 50 and cores then open more
    // connections; ours need not.
    limits.max_filters = 10'000;
    limits.max_queued_bytes = settings.max_queued_bytes;
    limits.max_connections = settings.max_connections;
    limits.max_sessions = 2 * settings.max_connections;
    limits.topic_alias_maximum = 8;
    limits.max_keep_alive = 1'200;
    limits.max_session_expiry = settings.session_expiry;
    limits.maximum_qos = mqtt::qos::at_least_once;
    limits.hash_matches_parent = false;
    limits.retained_for_wildcards = false;
    limits.retained_elsewhere = settings.peers != nullptr;
    limits.wills_elsewhere = settings.peers != nullptr;
    return limits;
}

// Calls when the last copy of the receipt that holds it goes.
struct call_at_end {
    std::function<void()> call;
    explicit call_at_end(std::function<void()> what) : call(std::move(what)) {}
    call_at_end(const call_at_end&) = delete;
    call_at_end& operator=(const call_at_end&) = delete;
    ~call_at_end() { call(); }
};

// What clients publish, on its way to the subscribers of all services.
class to_everybody final : public mqtt::external_target {
public:
    explicit to_everybody(hub_peers& peers) : peers_(peers) {}
    void deliver(const mqtt::publication& message, const mqtt::receipt& pending) override {
        peers_.publish_of_client(message, pending);
    }

private:
    hub_peers& peers_;
};

hub_services services_of(const hub_settings& settings, lifecycle_events::sayer say) {
    hub_services services;
    services.shadows = settings.shadows;
    services.jobs = settings.jobs;
    services.provisioning = settings.provisioning;
    services.say = std::move(say);
    if (auto* const peers = settings.peers) {
        services.everybody = std::make_shared<to_everybody>(*peers);
        services.has_room_for_shares = [peers] { return peers->has_room_for_shares(); };
        services.came = [peers](const client_connection& which) { peers->came(which); };
        services.left = [peers](const client_connection& which) { peers->left(which); };
        services.number_of = [peers](const std::string& id) { return peers->number_of(id); };
    }
    return services;
}

}  // namespace

hub::hub(const hub_settings& settings, const service_identity& identity,
         const device_authority& authority, const registry_changes& changes, const logger& log)
    : authority_(authority),
      peers_(settings.peers),
      policy_(identity, authority, changes, log,
              services_of(settings, [this](std::string topic, std::string payload) {
                  say_event(std::move(topic), std::move(payload));
              })) {}

hub::~hub() {
    if (server_) {
        static_cast<void>(server_->stop());  // no event is begun after that
    }
    arrivals_.join();
    events_.join();
}

void hub::say_event(std::string topic, std::string payload) {
    boost::asio::post(events_, [this, topic = std::move(topic), payload = std::move(payload)] {
        auto message = std::make_shared<mqtt::stored_message>();
        message->topic = topic;
        message->payload = std::make_shared<const std::string>(payload);
        message->level = mqtt::qos::at_least_once;
        publish(std::move(message));
    });
}

// The policies' answer may wait for the store. Whoever is not admitted disturbs nobody.
void hub::arriving(const mqtt::client_identity& who, const std::string& client_id,
                   std::function<void()> go_on) {
    boost::asio::post(arrivals_, [this, who, client_id, go_on = std::move(go_on)] {
        if (policy_.would_admit(who, client_id)) {
            peers_->arriving(client_id, go_on);
        } else {
            go_on();
        }
    });
}

result<std::unique_ptr<hub>> hub::start(const hub_settings& settings,
                                        const service_identity& identity,
                                        const device_authority& authority,
                                        const registry_changes& changes, const logger& log) {
    std::unique_ptr<hub> made(new hub(settings, identity, authority, changes, log));
    mqtt::server_settings wanted;
    wanted.limits = limits_of(settings);
    if (settings.peers != nullptr) {
        wanted.journal = settings.peers->sessions();
        wanted.exchange = &settings.peers->exchange();
        wanted.before_client = [hub = made.get()](const mqtt::client_identity& who,
                                                  const std::string& client_id,
                                                  std::function<void()> go_on) {
            hub->arriving(who, client_id, std::move(go_on));
        };
    } else {
        wanted.data_directory = settings.data_directory;
    }
    auto started = mqtt::server::start(std::move(wanted), made->policy_, log);
    if (!started) {
        return started.error();
    }
    made->server_ = std::move(*started);
    return made;
}

result<std::uint16_t> hub::listen(const mqtt::listen_settings& where) {
    return server_->listen(where);
}

void hub::adopt(int socket, mqtt::client_identity who, std::string received) {
    server_->adopt(socket, std::move(who), std::move(received));
}

void hub::publish(mqtt::message_ptr message, std::function<void()> taken) {
    mqtt::receipt pending = taken ? std::make_shared<call_at_end>(std::move(taken)) : nullptr;
    if (peers_ == nullptr) {
        server_->publish(std::move(message), std::move(pending));
        return;
    }
    const mqtt::publication published(std::move(message), time_.now());
    if (const auto service = policy_.server_of(published.topic())) {
        service->deliver(published, pending);
    }
    peers_->publish(published, pending);
}

void hub::take_in(mqtt::message_ptr message, mqtt::receipt pending) {
    server_->take_in(std::move(message), std::move(pending));
}

void hub::take_turn(const std::string& filter, mqtt::message_ptr message,
                    mqtt::share_turn_ptr turn) {
    server_->take_turn(filter, std::move(message), std::move(turn));
}

void hub::replace_session(std::string_view client_id,
                          std::optional<mqtt::session_journal::kept_session> kept,
                          std::function<void()> between) {
    server_->replace_session(client_id, std::move(kept), std::move(between));
}

void hub::let_go(std::string_view client_id, bool connected_too) {
    server_->let_go(client_id, connected_too);
}

bool hub::serve_will(const mqtt::client_info& from, const mqtt::publication& will) {
    mqtt::publish_view view;
    view.topic = will.topic();
    view.payload = will.payload();
    view.level = will.level();
    view.retain = will.retain();
    view.properties = will.forwarded();
    if (policy_.may_publish(from, view).what != mqtt::publish_verdict::action::route) {
        return false;
    }
    if (const auto service = policy_.server_of(will.topic())) {
        service->deliver(will, nullptr);
    }
    return true;
}

void hub::refuse(std::string client_id, mqtt::receipt pending) {
    boost::asio::post(events_, [this, id = std::move(client_id), pending = std::move(pending)] {
        server_->close_where([&id](const mqtt::client_info& who) { return who.id == id; },
                             mqtt::reason::quota_exceeded, "the message could not be stored");
    });
}

void hub::deliver_to(std::string_view client_id, mqtt::message_ptr message,
                     std::function<void()> taken) {
    server_->deliver_to(client_id, std::move(message),
                        taken ? std::make_shared<call_at_end>(std::move(taken)) : nullptr);
}

std::vector<mqtt::message_ptr> hub::retained(std::string_view filter) const {
    return server_->retained(filter);
}

void hub::cut_off(const std::string& certificate_id) {
    server_->close_where(
        [certificate_id](const mqtt::client_info& who) {
            return who.identity.certificate_id == certificate_id && !who.identity.attachment;
        },
        mqtt::reason::not_authorized, "its certificate is no longer active");
}

void hub::cut_off_inactive() {
    server_->close_where(
        [this](const mqtt::client_info& who) {
            const auto& certificate = who.identity.certificate_id;
            return certificate && !who.identity.attachment && !authority_.is_active(*certificate);
        },
        mqtt::reason::not_authorized, "its certificate is no longer active");
}

void hub::cut_off_key(const std::string& access_key_id) {
    server_->close_where(
        [access_key_id](const mqtt::client_info& who) {
            const auto* const key =
                static_cast<const access_key_principal*>(who.identity.attachment.get());
            return key != nullptr && key->access_key_id == access_key_id;
        },
        mqtt::reason::not_authorized, "its access key no longer counts");
}

void hub::tell_connections_again() {
    server_->each_connected([this](const mqtt::client_info& who) { policy_.still_connected(who); });
}

void hub::forget_all() {
    server_->close_where([](const mqtt::client_info&) { return true; },
                         mqtt::reason::administrative_action, "the service was emptied",
                         /*end_session=*/true);
    server_->forget_retained();
}

std::size_t hub::connections() const {
    return server_->connections();
}

// The events of those whom it disconnects have nobody left to hear them, but at its peers.
result<void> hub::stop() {
    auto stopped = server_->stop();
    events_.join();
    return stopped;
}

}  // namespace evergrass::cloud
