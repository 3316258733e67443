#pragma once

#include "cloud/bus/bus.hpp"
#include "cloud/nodes/session_records.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/session_journal.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace evergrass::cloud {

// The journal of a service that is one of several (docs/scale.md). Sessions and what they
// subscribed to go into the store, a transaction for what waits; what a client is to get stays in
// the bus's stream, and the store has but the place up to which it has got all. That place is
// written each second: after a crash a client may get again what it got in the last two.
//
// A session whose client has left is forgotten here at once, and read from the store when it comes,
// to whichever service. Any thread.
class shared_sessions final : public mqtt::session_journal,
                              public std::enable_shared_from_this<shared_sessions> {
public:
    // `state` and `time` outlive it. Writes that the node is there before it returns.
    static result<std::shared_ptr<shared_sessions>> open(store& state, std::string node,
                                                         const clock& time, logger log,
                                                         bus::position from);
    ~shared_sessions() override;

    // A message of the stream is about to be delivered to who is here; over when the last copy of
    // what it returns goes. In the stream's order, with passed().
    mqtt::receipt delivering(const mqtt::message_ptr& message, bus::position at);
    // There is nothing to deliver at this place.
    void passed(bus::position at);
    // The client's session is here now, with these orders of deliveries and their messages' places,
    // and with these of retained messages and the filters for which they are. `had_wills`: the
    // store may know wills of it.
    void adopted(const std::string& client_id, bus::position epoch,
                 std::vector<std::pair<std::uint64_t, bus::position>> places,
                 std::vector<std::pair<std::uint64_t, std::string>> retained = {},
                 bool had_wills = false);

    // Called on a thread of its own when a will that is due now is in the store. Before the first
    // client; null: no more.
    void on_will_due(std::function<void()> call);
    // A client is connected, and is so no longer; `which.label.version` as epoch_of() was then.
    void connected(const client_connection& which);
    void disconnected(const client_connection& which);
    // Of adopted(), for a client that comes; 0: it did not come so.
    bus::position epoch_of(const std::string& client_id) const;

    // Called on a thread of its own when the store has taken this node for gone meanwhile, and
    // knows again of its sessions and wills. As on_will_due().
    void on_taken_for_gone(std::function<void()> call);
    // It never came, or is not to be kept.
    void not_kept(const std::string& client_id, bus::position epoch);

    std::vector<kept_session> take_sessions() override { return {}; }
    std::vector<mqtt::message_ptr> take_retained() override { return {}; }
    sequence session_begun(std::string_view client_id, mqtt::protocol_version version,
                           std::uint32_t expiry_seconds) override;
    sequence session_resumed(std::string_view client_id, mqtt::protocol_version version,
                             std::uint32_t expiry_seconds) override;
    sequence session_left(std::string_view client_id, std::uint32_t expiry_seconds, wall_time at,
                          const std::optional<will>& delayed) override;
    sequence session_ended(std::string_view client_id) override;
    sequence subscribed(std::string_view client_id, const subscription& added) override;
    sequence unsubscribed(std::string_view client_id, std::string_view filter) override;
    result<sequence> message(const mqtt::message_ptr& what, std::span<const delivery> to,
                             std::optional<received_id> from) override;
    sequence finished(std::string_view client_id, std::uint64_t order) override;

    sequence will_begun(const mqtt::client_info& who, const std::optional<will>& given,
                        std::uint32_t delay, bool resumed) override;
    sequence will_left(std::string_view client_id, std::optional<wall_time> due) override;

    // The service has no QoS 2, and its wills are the two above; of what was sent the place says
    // enough; retained messages are the node's.
    sequence will_done(std::string_view) override { return durable(); }
    sequence released(std::string_view, std::uint16_t) override { return durable(); }
    sequence sent(std::string_view, std::uint64_t) override { return durable(); }
    sequence pubrec_came(std::string_view, std::uint64_t) override { return durable(); }
    result<sequence> retained(const mqtt::message_ptr&) override { return durable(); }
    sequence retained_cleared(std::string_view, std::string_view) override { return durable(); }

    sequence durable() const override;
    void on_durable(std::function<void(sequence)> call) override;
    statistics numbers() const override;
    // Within some seconds, whatever the store does.
    result<void> stop() override;

private:
    struct live_session {
        bus::position epoch = 0;
        mqtt::protocol_version version = mqtt::protocol_version::v3_1_1;
        std::uint32_t expiry_seconds = 0;
        bool coming = true;  // its client is not connected yet
        bool had_wills = false;
        std::map<std::uint64_t, bus::position> unacknowledged;  // by order
        // By order, of those that are not of the stream: the filter, which is the topic.
        std::map<std::uint64_t, std::string> retained;
        std::optional<bus::position> low;  // as the store has it
    };
    struct end_of_delivery;

    shared_sessions(store& state, std::string node, const clock& time, logger log,
                    bus::position from);
    // What the client did with one filter.
    sequence note_filter(std::string_view client_id, session_change change);
    // With the lock, all of these.
    bus::position all_delivered() const;
    static bus::position lowest(const live_session& session);
    sequence note(session_change change);
    sequence note_retained(std::string_view client_id, const live_session& session,
                           const std::string& filter);
    sequence note_will(will_change change);
    void note_connection(connection_change change);
    sequence note_resumed(const std::string& client_id, live_session& session);
    bus::position look_at_positions(std::vector<session_low>& exceptions);

    void work();
    result<void> write_positions(std::unique_lock<std::mutex>& hold);

    store& state_;
    const std::string node_;
    const clock& time_;
    const logger log_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, live_session, std::less<>> live_;
    std::map<std::string, will_change, std::less<>> wills_;  // of who is connected
    std::unordered_map<const mqtt::stored_message*, bus::position> delivering_;
    std::set<bus::position> under_way_;
    bus::position last_;
    bus::position written_position_;
    std::deque<session_change> waiting_;
    sequence noted_ = 0;
    sequence durable_ = 0;
    std::uint64_t transactions_ = 0;
    std::optional<std::string> failing_;
    std::function<void(sequence)> tell_durable_;
    std::function<void()> tell_will_due_;
    std::function<void()> tell_taken_for_gone_;
    bool was_taken_for_gone_ = false;
    bool stopping_ = false;
    bool gave_up_ = false;
    std::thread worker_;
};

}  // namespace evergrass::cloud
