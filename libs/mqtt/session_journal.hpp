#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/log_store/file_system.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// The state of MQTT sessions and retained messages on disk, so that they outlive the process
// (docs/formats/mqtt-sessions.md). A log_store log, and in memory a model of what its records
// amount to, from which the log is kept small: the oldest records that still count are written
// again at the end, a few for each one that is added, and the front is given up.
//
// Every member may be called from any thread. Each call that changes something takes effect in the
// model at once and returns the sequence that has to be durable before anybody is told so.
class session_journal {
public:
    using sequence = std::uint64_t;

    struct settings {
        std::string directory;                        // made with mode 0700
        std::uint64_t max_bytes = 256 * 1024 * 1024;  // of the log; more is refused
    };

    // One message for one session.
    struct delivery {
        std::string client_id;
        std::uint64_t order = 0;  // in the session, rising
        std::uint16_t packet_id = 0;
        qos level = qos::at_least_once;
        bool retain = false;  // the flag towards this client
        std::vector<std::uint32_t> subscription_ids;
        enum class progress : std::uint8_t {
            waiting,   // not sent yet
            sent,      // PUBLISH may have been sent: again with DUP
            received,  // PUBREC came: PUBREL is what is sent again
        } state = progress::waiting;
        message_ptr message;  // null once `received`
    };
    struct subscription {
        std::string filter;  // as sent, "$share/…" too
        subscription_options options;
        std::uint32_t subscription_id = 0;
    };
    struct will {
        message_ptr message;
        wall_time due;
    };
    struct kept_session {
        std::string client_id;
        protocol_version version = protocol_version::v3_1_1;
        std::uint32_t expiry_seconds = 0;
        std::optional<wall_time> left_at;  // none: it was connected when the process ended
        std::vector<subscription> subscriptions;
        std::vector<delivery> deliveries;                // by order
        std::vector<std::uint16_t> received_packet_ids;  // QoS 2: PUBREC sent, PUBREL not come
        std::optional<will> delayed_will;
    };

    // Reads what is there. Damage is passed over and logged with the file's name and what was lost;
    // a directory that cannot be read, or is of a later version, is an error that names it.
    static result<std::unique_ptr<session_journal>> open(log_store::file_system& disk,
                                                         settings wanted, const clock& time,
                                                         logger log);
    virtual ~session_journal() = default;

    // What open() found, for the server to begin with. Once; sessions that expired while nothing
    // ran are not among them and are forgotten.
    virtual std::vector<kept_session> take_sessions() = 0;
    virtual std::vector<message_ptr> take_retained() = 0;

    // A session begins, empty, in place of any that the client had.
    virtual sequence session_begun(std::string_view client_id, protocol_version version,
                                   std::uint32_t expiry_seconds) = 0;
    // Its client is back; `left_at` is void.
    virtual sequence session_resumed(std::string_view client_id, protocol_version version,
                                     std::uint32_t expiry_seconds) = 0;
    virtual sequence session_left(std::string_view client_id, std::uint32_t expiry_seconds,
                                  wall_time at, const std::optional<will>& delayed) = 0;
    virtual sequence will_done(std::string_view client_id) = 0;
    virtual sequence session_ended(std::string_view client_id) = 0;

    // Only where server_options::wills_elsewhere, and then of sessions that are not kept too. Its
    // client is connected, with this will or none, `due` now; `delay` is in seconds after the
    // connection's end. `resumed`: its session goes on, and what waited of earlier connections
    // becomes void; else that session has ended, and what waited is due [MQTT-3.1.3-9].
    virtual sequence will_begun(const client_info& /*who*/, const std::optional<will>& /*given*/,
                                std::uint32_t /*delay*/, bool /*resumed*/) {
        return durable();
    }
    // Its connection has ended; `due`: when its will is to be published; none: not at all.
    virtual sequence will_left(std::string_view /*client_id*/, std::optional<wall_time> /*due*/) {
        return durable();
    }

    virtual sequence subscribed(std::string_view client_id, const subscription& added) = 0;
    virtual sequence unsubscribed(std::string_view client_id, std::string_view filter) = 0;

    struct received_id {
        std::string_view client_id;
        std::uint16_t packet_id;
    };
    // A message and all of its deliveries, as one record; `from`: it came at QoS 2 with this id
    // from a session that is kept. Deliveries may be none. `delivery::message` is not read.
    // Refused, and nothing changed: log_errc::log_full and the disk's errors.
    virtual result<sequence> message(const message_ptr& what, std::span<const delivery> to,
                                     std::optional<received_id> from) = 0;
    // PUBREL came.
    virtual sequence released(std::string_view client_id, std::uint16_t packet_id) = 0;

    virtual sequence sent(std::string_view client_id, std::uint64_t order) = 0;
    virtual sequence pubrec_came(std::string_view client_id, std::uint64_t order) = 0;
    // Acknowledged, or dropped.
    virtual sequence finished(std::string_view client_id, std::uint64_t order) = 0;

    // By source and topic. An empty payload is for retained_cleared().
    virtual result<sequence> retained(const message_ptr& what) = 0;
    virtual sequence retained_cleared(std::string_view source, std::string_view topic) = 0;

    // All up to here survives a power cut.
    virtual sequence durable() const = 0;
    // Set once, before the first change. On the journal's thread, whenever durable() has grown.
    virtual void on_durable(std::function<void(sequence)> call) = 0;
    // Log bytes, live bytes, records written again, syncs, the last disk error if it persists.
    struct statistics {
        std::uint64_t log_bytes = 0;
        std::uint64_t live_bytes = 0;
        std::uint64_t records = 0;
        std::uint64_t rewritten = 0;
        std::uint64_t syncs = 0;
        std::optional<std::string> failing;
    };
    virtual statistics numbers() const = 0;

    // Makes all durable and ends the thread. Changes after it are not saved.
    virtual result<void> stop() = 0;
};

}  // namespace evergrass::mqtt
