#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/bus/envelope.hpp"
#include "cloud/iot/hub.hpp"
#include "cloud/iot/registry_changes.hpp"
#include "cloud/nodes/replay.hpp"
#include "cloud/nodes/session_records.hpp"
#include "cloud/nodes/shared_sessions.hpp"
#include "cloud/nodes/shares.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace evergrass::cloud {

// What a node does with what it hears. May block, but for is_leading.
struct node_services {
    std::function<void(const std::string& access_key_id)> cut_off_key;
    std::function<void()> look_at_keys;
    std::function<void(const std::string& core_thing)> wake_polls;
    std::function<void(const std::string& core_thing)> invocation_waits;
    std::function<void(const std::string& id)> invocation_changed;
    // Whether this service has the lease of what one of them does for all. Any thread.
    std::function<bool()> is_leading;
    // Each second where it has.
    std::function<void()> lead;
};

// A service that is one of several of a store: what it tells the others, what it hears from them,
// and whose clients are whose (docs/scale.md). Any thread, but for begin() and stop().
class node final : public hub_peers {
public:
    // Reads the retained messages. Everything that is passed by reference outlives it.
    static result<std::unique_ptr<node>> open(store& state, bus& between, const std::string& fleet,
                                              const std::string& name, registry_changes& changes,
                                              node_services services, logger log);
    ~node() override;

    // From now on it hears. Returns when it has heard what was said before: errc::timed_out if that
    // takes too long.
    result<void> begin(hub& devices);
    // The hub is stopped, and still there.
    void stop();

    // After the change is committed; waits, a second at most, until the bus has it.
    void tell(told what, const std::string& name);
    // Does not wait. If the caller's thread is in a transaction, after that.
    void tell_soon(told what, const std::string& name);

    // hub_peers
    void publish_of_client(const mqtt::publication& message, const mqtt::receipt& pending) override;
    void publish(const mqtt::publication& message, const mqtt::receipt& pending) override;
    void arriving(const std::string& client_id, std::function<void()> go_on) override;
    void came(const client_connection& which) override { sessions_->connected(which); }
    void left(const client_connection& which) override;
    std::int64_t number_of(const std::string& client_id) override {
        return static_cast<std::int64_t>(sessions_->epoch_of(client_id));
    }
    std::shared_ptr<mqtt::session_journal> sessions() override { return sessions_; }
    mqtt::share_exchange& exchange() override { return shares_; }
    bool has_room_for_shares() override { return shares_.has_room(); }

    struct statistics {
        bus::position heard = 0;
        std::size_t waiting_clients = 0;
        bool is_connected = false;
    };
    statistics numbers() const;

private:
    // A client that waits until all have heard that it is here now.
    struct claim {
        std::string client_id;
        std::function<void()> go_on;
        std::chrono::steady_clock::time_point since;
        std::optional<stored_session> session;
        std::vector<placed_message> older;  // up to `upto`, for the session
        bus::position upto = 0;
        bool had_wills = false;
    };

    // What goes to the subscribers of all.
    struct outgoing {
        std::string subject;
        std::string bytes;
    };

    node(store& state, bus& between, std::string fleet, std::string name, registry_changes& changes,
         node_services services, logger log);
    result<bus::position> read_retained();
    result<void> check_stream();
    void hear(bus::position at, std::string_view bytes);
    void take_in(bus::position at, std::string_view bytes, const mqtt::message_ptr& message);
    void hear_event(bus::position at, const envelope& said);
    void arrive(claim coming);
    result<void> read_older(claim& coming);
    void settle(bus::position at, std::uint64_t number);
    std::string encode(told what, const std::string& name, std::uint64_t number = 0) const;
    void keep(const std::string& subject, std::string bytes, mqtt::receipt pending);

    void work();
    void look_after_all();
    void write_retained_messages();
    void keep_shares();
    void publish_due_wills();
    void publish_lost_connections();
    void keep_once(const std::string& id, const std::function<std::optional<outgoing>()>& make,
                   std::function<bool()> forget);
    std::optional<outgoing> make_will(const stored_will& of, wall_time now);
    void forget_claims();

    store& state_;
    bus& bus_;
    const std::string fleet_;
    const std::string name_;
    registry_changes& changes_;
    const node_services services_;
    const logger log_;
    const clock time_;
    hub* hub_ = nullptr;
    std::shared_ptr<shared_sessions> sessions_;
    shares shares_;
    std::vector<mqtt::message_ptr> first_retained_;
    bus::position begin_after_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bus::position heard_ = 0;
    std::deque<placed_message> recent_;  // at QoS 1
    std::size_t recent_bytes_ = 0;
    bus::position recent_after_ = 0;        // all after this place are among them
    std::deque<retained_change> retained_;  // that the store may not have yet
    std::map<std::uint64_t, claim> claims_;
    std::uint64_t last_claim_ = 0;
    struct arrival {
        std::chrono::steady_clock::time_point at;
        std::string client_id;
        bus::position epoch;
    };
    std::deque<arrival> came_;
    struct unkept {
        std::string subject;
        std::string bytes;
        mqtt::receipt pending;
    };
    std::vector<unkept> unkept_;    // for which the bus had no room
    std::size_t not_kept_yet_ = 0;  // of keep()
    // By their ids on the bus: whether it has them, and only the store has not forgotten them yet.
    std::map<std::string, bool> once_under_way_;
    std::chrono::steady_clock::time_point retained_written_{};
    std::chrono::steady_clock::time_point shares_kept_{};
    // The worker's own: since when the store has answered it each second.
    std::chrono::steady_clock::time_point steady_since_{};
    std::chrono::steady_clock::time_point looked_{};
    bool stopping_ = false;
    std::atomic<bool> stopped_ = false;
    std::thread worker_;
    boost::asio::thread_pool blocking_{1};  // what is heard and may wait
    boost::asio::thread_pool arrivals_{2};  // clients that come
};

}  // namespace evergrass::cloud
