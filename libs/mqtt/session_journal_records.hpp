#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The records of the session journal as structs, and as bytes (docs/formats/mqtt-sessions.md).
// Pure. Views are into the bytes that were decoded, or the objects that are encoded.
//
// A record either says all of one thing, in place of what an earlier one said of it, or it takes
// something away from, or changes, what an earlier one said.
namespace evergrass::mqtt::journal {

// Of one session of one client; another for its next session. Rising, never used again.
using session_id = std::uint64_t;

struct kept_message {
    message_ptr what;   // not null, but where that is said
    wall_time since{};  // when it came, by the clock that its expiry is of; with an expiry only
};

// --- Records that say all of something -----------------------------------------------------------

// Another session of the same client ends with it.
struct session_record {
    session_id id = 0;
    std::string_view client_id;
    protocol_version version = protocol_version::v3_1_1;
    std::uint32_t expiry_seconds = 0;
    std::uint64_t subscriptions = 0;  // how many it has, so that a lost one is noticed
    std::optional<wall_time> left_at;
    kept_message will;  // delayed; null: none
    wall_time will_due{};
};

struct subscription_record {
    session_id session = 0;
    std::uint64_t subscriptions = 0;  // of the session, this one included
    std::string_view filter;
    subscription_options options;
    std::uint32_t subscription_id = 0;
};

struct delivery_part {
    session_id session = 0;
    std::uint64_t order = 0;
    std::uint16_t packet_id = 0;
    qos level = qos::at_least_once;
    bool retain = false;
    session_journal::delivery::progress state = session_journal::delivery::progress::waiting;
    std::span<const std::uint32_t> subscription_ids;
};

struct received_record {  // a QoS 2 PUBLISH of a client, until its PUBREL
    session_id session = 0;
    std::uint16_t packet_id = 0;
};

struct message_record {
    kept_message message;
    std::span<const delivery_part> deliveries;
    std::optional<received_record> from;
};

struct pubrec_record {  // a delivery that does not need its message any more
    session_id session = 0;
    std::uint64_t order = 0;
    std::uint16_t packet_id = 0;
    qos level = qos::exactly_once;
    bool retain = false;
};

struct retained_record {
    kept_message message;
};

// --- Records that change or take away ------------------------------------------------------------

struct session_ended_record {
    session_id session = 0;
};

struct will_done_record {
    session_id session = 0;
};

struct unsubscribed_record {
    session_id session = 0;
    std::uint64_t subscriptions = 0;  // that are left
    std::string_view filter;
};

struct sent_record {
    session_id session = 0;
    std::uint64_t order = 0;
};

struct finished_record {
    session_id session = 0;
    std::uint64_t order = 0;
};

struct released_record {
    session_id session = 0;
    std::uint16_t packet_id = 0;
};

struct retained_cleared_record {
    std::string_view source;
    std::string_view topic;
};

// The clock read `now`, which is not what it reads after the times in records before this one:
// those count from now on. See session_model::clock_was_set.
struct clock_record {
    wall_time now;
};

// The process began when the clock read `now`: sessions that were connected are not, since then.
struct started_record {
    wall_time now;
};

// In the order of their numbers on disk, 1 the first.
using record = std::variant<session_record, session_ended_record, will_done_record,
                            subscription_record, unsubscribed_record, message_record, sent_record,
                            pubrec_record, finished_record, received_record, released_record,
                            retained_record, retained_cleared_record, clock_record, started_record>;

// Appends the bytes of `what` to `head`, all but a payload: that comes after them, and is returned.
std::string_view encode(const record& what, std::string& head);

// Records that have to survive together are one in the log: begin_several, and add_to_several for
// each. None at all is allowed, and says nothing.
void begin_several(std::string& out);
void add_to_several(std::string& out, std::string_view head, std::string_view payload);
// The records in one of the log: what was added, or just itself.
std::vector<std::string_view> split_several(std::string_view bytes);

class decoder {
public:
    enum class outcome { record, damaged, later_version };

    // Takes any bytes. What what() gives then is valid until the next read, and as long as `bytes`.
    outcome read(std::string_view bytes);
    const record& what() const { return what_; }

private:
    record what_;
    std::vector<delivery_part> deliveries_;
    std::vector<std::uint32_t> subscription_ids_;
};

}  // namespace evergrass::mqtt::journal
