#pragma once

#include "edge/cloud_link/link_connections.hpp"
#include "edge/router/router.hpp"
#include "edge/spooler/sender.hpp"
#include "edge/spooler/spooler.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace evergrass::edge {

struct cloud_link_settings {
    std::string host;             // iotHost
    std::uint16_t port = 8883;    // iotMqttPort
    std::string ca_file;          // whom the core trusts as its cloud, for log lines
    std::string client_id;        // coreClientId, or V1's <thing>-c00
    std::string more_client_ids;  // those of further connections are this and their number
    std::size_t filters_per_connection = 10'000;
    std::filesystem::path sessions_file;          // link_connections_settings::sessions_file
    std::shared_ptr<const rt::http_proxy> proxy;  // null: directly
    // Asked at each attempt: the core's certificate as it is on disk then.
    std::function<result<std::shared_ptr<rt::tls_context>>()> tls;
    std::chrono::seconds keep_alive{600};
    std::chrono::milliseconds operation_timeout{5'000};
    std::chrono::milliseconds max_retry{60'000};
    sender_settings sending;
};

// The core's MQTT connections to the cloud: the router's sink for `cloud`, and the source of what
// the cloud sends. Messages go through the spooler and out at QoS 1 in order, several in flight;
// while the link is down they wait there. One executor.
class cloud_link : public sink {
public:
    // `messages` and `queue` must outlive it.
    cloud_link(boost::asio::any_io_executor executor, cloud_link_settings settings,
               router& messages, spooler& queue, logger log);
    ~cloud_link() override;

    void start();
    void stop();

    // Makes the subscriptions at the cloud be those that the router's table has with source
    // `cloud`, and those of also_follow().
    void follow_table();
    // What else to subscribe to, at QoS 1, whatever the table says; of these messages `on_other`
    // gets those that it wants.
    void also_follow(std::set<std::string> filters);
    // V1's AtLeastOncePersistent (spec/core.md §10): the table's subscriptions are of QoS 1, at
    // connections of their own whose sessions the cloud keeps. Counts from the next call of
    // follow_table() or also_follow() on.
    void keep_sessions(bool keep) { keep_sessions_ = keep; }
    // Makes the connections anew, with the certificate and CA that are on disk now.
    void renew_connections(std::string_view why) { connections_.renew(why); }

    // Set before start(). on_other: true when the message is the callee's; the table routes it all
    // the same where it has a way for it. on_link: all connections that also_follow()'s filters
    // need are up, or one is lost.
    std::function<bool(std::string_view topic, std::string_view payload)> on_other;
    std::function<void(bool connected)> on_link;

    // At QoS 0, past the queue: for a question that is asked again when no answer comes. Dropped
    // without a connection.
    void send(std::string topic, std::string payload);

    std::optional<drop_reason> deliver(const endpoint& source, const endpoint& target,
                                       const message& m) override;

    bool connected() const;
    // The first one first, by which messages go out.
    std::vector<connection_state> connections() const { return connections_.states(); }
    const sender& sending() const { return sender_; }

private:
    void receive(const mqtt::publish_view& received);
    void subscribe();
    void note_state(bool connected, std::string_view reason);

    cloud_link_settings settings_;
    router& router_;
    spooler& queue_;
    logger log_;
    mqtt::client client_;
    sender sender_;
    link_connections connections_;
    std::set<std::string> subjects_;
    std::set<std::string> other_filters_;
    bool keep_sessions_ = false;
    std::string trouble_;  // the last reason that was logged; empty while connected
};

}  // namespace evergrass::edge
