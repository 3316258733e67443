#pragma once

#include "cloud/iot/hub_policy.hpp"
#include "libs/mqtt/server.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// The other services of one store, where a hub is one of several (docs/scale.md). What they carry
// is taken in by hub::take_in() at each, here too. Any thread; nothing may block.
class hub_peers {
public:
    virtual ~hub_peers() = default;
    // Of a client here. `pending` is released when it is kept where the end of this service does
    // not end it; where that cannot be, the client is cut off first.
    virtual void publish_of_client(const mqtt::publication& message,
                                   const mqtt::receipt& pending) = 0;
    // Of the service itself; tried until it is kept.
    virtual void publish(const mqtt::publication& message, const mqtt::receipt& pending) = 0;
    // A client that will be admitted comes here, and has to wait until `go_on` is called.
    virtual void arriving(const std::string& client_id, std::function<void()> go_on) = 0;
    // It is connected, and is so no longer; both of a client that arriving() has let go on.
    virtual void came(const client_connection& which) = 0;
    virtual void left(const client_connection& which) = 0;
    // Of the connection that begins now: greater than of each one that this client had before, to
    // whichever service.
    virtual std::int64_t number_of(const std::string& client_id) = 0;
    // Where the sessions of all are kept.
    virtual std::shared_ptr<mqtt::session_journal> sessions() = 0;
    // Who shares subscriptions with clients of the others.
    virtual mqtt::share_exchange& exchange() = 0;
    virtual bool has_room_for_shares() = 0;
};

struct hub_settings {
    // Where sessions and retained messages outlive the process; empty: nowhere.
    std::string data_directory;
    // The longest that a session outlives its connection, in seconds; what 3.1.1 clients without
    // clean session get. AWS IoT: 1 hour, at most 7 days.
    std::uint32_t session_expiry = 60 * 60;
    // Bytes that wait for one client, or are sent and unacknowledged; more is lost for it. Enough
    // for what a core has queued while it was offline, which comes faster than most clients read.
    std::size_t max_queued_bytes = 32 * 1024 * 1024;
    std::size_t max_connections = 20'000;  // twice as many sessions are kept
    // Take what is published to the request topics of shadows, jobs and fleet provisioning; null:
    // nobody does.
    std::shared_ptr<mqtt::external_target> shadows;
    std::shared_ptr<mqtt::external_target> jobs;
    std::shared_ptr<mqtt::external_target> provisioning;
    // Null: the hub is alone. With them data_directory is not used.
    hub_peers* peers = nullptr;  // outlives the hub
};

// The service's device MQTT (docs/device-mqtt.md): mqtt::server with AWS IoT's limits and rights.
// Any thread. What start() takes by reference outlives the hub.
class hub {
public:
    // Reads what was kept. Errors: the data directory cannot be read.
    static result<std::unique_ptr<hub>> start(const hub_settings& settings,
                                              const service_identity& identity,
                                              const device_authority& authority,
                                              const registry_changes& changes, const logger& log);
    ~hub();  // stop()
    hub(const hub&) = delete;
    hub& operator=(const hub&) = delete;

    result<std::uint16_t> listen(const mqtt::listen_settings& where);
    // As mqtt::server.
    void adopt(int socket, mqtt::client_identity who, std::string received);

    // A message from make_message(). `taken` is called once all for whom it is have it, on any
    // thread, or once the hub has stopped; it must not block.
    void publish(mqtt::message_ptr message, std::function<void()> taken = {});
    // The same for one client alone, if it has subscribed to the topic.
    void deliver_to(std::string_view client_id, mqtt::message_ptr message,
                    std::function<void()> taken = {});

    // The retained messages, in no order. `filter` is a topic, or "#" for all.
    std::vector<mqtt::message_ptr> retained(std::string_view filter) const;

    // mqtt::server's members of these names: what peers ask of a hub that is one of several.
    void take_in(mqtt::message_ptr message, mqtt::receipt pending);
    void take_turn(const std::string& filter, mqtt::message_ptr message, mqtt::share_turn_ptr turn);
    void replace_session(std::string_view client_id,
                         std::optional<mqtt::session_journal::kept_session> kept,
                         std::function<void()> between);
    void let_go(std::string_view client_id, bool connected_too);
    // A will that this client, of whichever service, has left: false, and said in the log: it may
    // not be published. What is behind its topic has it then; the subscribers are the caller's.
    bool serve_will(const mqtt::client_info& from, const mqtt::publication& will);
    // Cuts the client off, which is not to be told that its message was taken, and only then drops
    // `pending`.
    void refuse(std::string client_id, mqtt::receipt pending);

    // Closes what the certificate has open; it is no longer ACTIVE. Done when it returns.
    void cut_off(const std::string& certificate_id);
    // The same of an access key that is revoked.
    void cut_off_key(const std::string& access_key_id);
    // And of every certificate that is no longer ACTIVE: somebody may have said so in vain.
    void cut_off_inactive();
    // Somebody took this service for gone: says of each client that it is connected.
    void tell_connections_again();
    // The registry was emptied: closes all, and forgets sessions and retained messages.
    void forget_all();

    std::size_t connections() const;
    mqtt::server::statistics numbers() const { return server_->numbers(); }

    // Closes ports and connections and saves what is to be kept. The disk's error when that failed.
    // All events have been handed to the peers when it returns.
    result<void> stop();

private:
    hub(const hub_settings& settings, const service_identity& identity,
        const device_authority& authority, const registry_changes& changes, const logger& log);

    void say_event(std::string topic, std::string payload);
    void arriving(const mqtt::client_identity& who, const std::string& client_id,
                  std::function<void()> go_on);

    const device_authority& authority_;
    const clock time_;
    hub_peers* const peers_;
    hub_policy policy_;
    std::unique_ptr<mqtt::server> server_;  // it asks the policy until it is gone
    // With peers, who may come is asked here.
    boost::asio::thread_pool arrivals_{1};
    // Publishes lifecycle events, which the policy may not do on the server's threads. Last: it
    // uses the server.
    boost::asio::thread_pool events_{1};
};

}  // namespace evergrass::cloud
