#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

// A message that somebody keeps: queued, unacknowledged, retained, in the journal, or on its way to
// another shard. Immutable and shared by all that keep it; any thread.
struct stored_message {
    std::string topic;
    std::shared_ptr<const std::string> payload;  // never null; shared with outboxes and queues
    qos level = qos::at_most_once;               // as published
    bool retain = false;                         // as published
    std::string properties;                      // those that are passed on (forwarded_properties)
    std::optional<wall_time> expires_at;         // wall clock: it is kept over restarts
    // Who published it, as its policy names sources: a client id, or what server::publish was told.
    std::string source;

    std::size_t bytes() const { return topic.size() + payload->size() + properties.size(); }
};
using message_ptr = std::shared_ptr<const stored_message>;

// While a copy of it lives somewhere, somebody has not yet taken responsibility for a message that
// its publisher wants acknowledged: a journal that has not saved it, another thread that has not
// queued it. When the last copy goes, on whatever thread, the publisher is acknowledged. Null:
// nobody waits.
using receipt = std::shared_ptr<void>;

// A message on its way through one shard, from its arrival until all targets have it. Copies the
// bytes only when a target has to keep them. On the stack, one thread.
class publication {
public:
    // `view`, `source` stay valid as long as this.
    publication(const publish_view& view, std::string_view source, wall_time now)
        : view_(view), source_(source), now_(now) {}
    publication(message_ptr kept, wall_time now);
    publication(const publication&) = delete;  // views into itself
    publication& operator=(const publication&) = delete;

    std::string_view topic() const { return view_.topic; }
    std::string_view payload() const { return view_.payload; }
    qos level() const { return view_.level; }
    bool retain() const { return view_.retain; }
    std::string_view source() const { return source_; }
    std::string_view forwarded() const;  // properties for subscribers
    // Seconds left at `now`; at least 1. nullopt: does not expire.
    std::optional<std::uint32_t> expiry_left() const;
    wall_time now() const { return now_; }

    // The same with memory of its own; made once.
    const message_ptr& keep() const;
    // The payload alone, shared; made once.
    const std::shared_ptr<const std::string>& shared_payload() const;

private:
    publish_view view_;
    std::string_view source_;
    wall_time now_;
    mutable bool forwarded_known_ = false;
    mutable std::string_view forwarded_;
    mutable std::string scratch_;
    mutable std::shared_ptr<const std::string> payload_;
    mutable message_ptr kept_;
};

}  // namespace evergrass::mqtt
