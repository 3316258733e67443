#pragma once

#include "edge/cloud_link/connection_state.hpp"
#include "edge/cloud_link/filter_plan.hpp"
#include "libs/base/log.hpp"
#include "libs/mqtt/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

struct link_connections_settings {
    // What each connection is made with; client_id is the first one's.
    mqtt::client_options options;
    // The others are this and their number, of two digits or more: V1's <thing>-cNN
    // (spec/core.md §10).
    std::string client_ids;
    std::size_t filters_per_connection = 10'000;
    // docs/formats/cloud-sessions.md. Empty: sessions that are kept are forgotten with the core.
    std::filesystem::path sessions_file;
    // A subscription that was refused is asked for again after so long, then after twice that …
    std::chrono::milliseconds first_refused_retry{60'000};
    std::chrono::milliseconds max_refused_retry{900'000};
};

// The subscriptions at the cloud, over as many MQTT connections as they need. The first connection
// is somebody else's, who publishes by it; the others are made, and ended, here. Every message of
// the cloud comes once, however many subscriptions bring it; around a change of the subscriptions
// it may come twice. One executor.
class link_connections {
public:
    link_connections(boost::asio::any_io_executor executor, mqtt::client& first,
                     link_connections_settings settings, logger log);
    ~link_connections();

    // Set before start(). Sessions of an earlier run are taken up before the first want().
    std::function<void(const mqtt::publish_view&)> on_message;
    // All connections that `watched` filters need are there, or one is lost.
    std::function<void(bool up)> on_up;

    void start();
    // Sessions that are kept stay at the cloud.
    void stop();

    // What to subscribe to from now on. `watched`: those of them that on_up is about.
    void want(const wanted_filters& all, std::set<std::string> watched);

    // Of the first connection.
    void heard(const mqtt::publish_view& message) { heard(0, message); }
    void changed(bool connected, std::string_view reason) { changed(0, connected, reason); }

    // Connects anew, one after the other.
    void renew(std::string_view why);

    std::vector<connection_state> states() const;  // the first one first

private:
    struct connection;

    std::string endpoint_text() const;
    connection& open(unsigned number, bool kept);
    void heard(unsigned number, const mqtt::publish_view& message);
    void changed(unsigned number, bool connected, std::string_view reason);
    void apply();
    void subscribe(unsigned number, connection& c, const std::string& filter, mqtt::qos level);
    void unsubscribe(unsigned number, connection& c, const std::string& filter);
    void answered(unsigned number, const std::string& filter, const result<mqtt::qos>& granted);
    void ask_refused_later();
    void ask_refused();
    void apply_soon();
    void restore();
    void save();
    void note_up();

    boost::asio::any_io_executor executor_;
    link_connections_settings settings_;
    logger log_;
    filter_plan plan_;
    std::map<unsigned, std::unique_ptr<connection>> connections_;
    std::set<std::string> watched_;
    std::set<unsigned> needed_;  // the connections of `watched_`
    std::size_t unanswered_ = 0;
    boost::asio::steady_timer refused_timer_;
    std::chrono::milliseconds refused_retry_;
    bool refused_waits_ = false;
    std::string saved_;  // what the file has
    bool started_ = false;
    bool stopped_ = false;
    bool up_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace evergrass::edge
