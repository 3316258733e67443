#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/text_map.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace evergrass::cloud {

// What a connection is called in its events.
struct connection_label {
    std::string id;            // sessionIdentifier
    std::int64_t version = 0;  // versionNumber: rising with each connection of the client
};

// All that the event of its end has to name.
struct client_connection {
    std::string client_id;
    std::string principal;  // principalIdentifier
    connection_label label;
};

// AWS IoT's messages about clients: `$aws/events/presence/connected|disconnected/CLIENT` and
// `$aws/events/subscriptions/subscribed|unsubscribed/CLIENT` (docs/device-mqtt.md). Nothing is said
// of a client whose id can't stand in a topic. Any thread.
class lifecycle_events {
public:
    using sayer = std::function<void(std::string topic, std::string payload)>;
    // The version of the connection that begins now.
    using numberer = std::function<std::int64_t(const std::string& client_id)>;

    // An empty `say`: nothing is said. An empty `number`: connections are counted here.
    explicit lifecycle_events(sayer say, numberer number = {})
        : say_(std::move(say)), number_(std::move(number)) {}

    // What a connection carries as its client_info::context: an id of its own, and its place in the
    // order of this client's connections, which tells events apart that overtake one another.
    std::shared_ptr<void> begin_connection(std::string_view client_id);

    void connected(const mqtt::client_info& who, const std::string& principal) const;
    // `why` as mqtt::policy::disconnected() has it.
    void disconnected(const mqtt::client_info& who, const std::string& principal, bool clean,
                      std::string_view why) const;
    // Of a connection of begin_connection().
    static client_connection connection_of(const mqtt::client_info& who,
                                           const std::string& principal);

    struct event {
        std::string topic;
        std::string payload;
    };
    // `disconnected` of one whose service ended without a word at about this time; none: its client
    // id can't stand in a topic.
    static std::optional<event> lost(const client_connection& which, wall_time at);

    void subscribed(const mqtt::client_info& who, const std::string& principal,
                    std::span<const std::string_view> filters) const;
    void unsubscribed(const mqtt::client_info& who, const std::string& principal,
                      std::span<const std::string_view> filters) const;

    // AWS IoT's word for it: CLIENT_INITIATED_DISCONNECT, DUPLICATE_CLIENTID …
    static std::string_view reason_of(bool clean, std::string_view why);

private:
    const sayer say_;
    const numberer number_;
    const clock time_;
    std::mutex mutex_;
    mqtt::text_map<std::int64_t> versions_;  // of the next connection, by client id
};

}  // namespace evergrass::cloud
