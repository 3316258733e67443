#pragma once

#include "edge/router/drop_book.hpp"
#include "edge/router/drop_reason.hpp"
#include "edge/router/table.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evergrass::edge {

struct message {
    std::string topic;                           // concrete, no wildcards
    std::shared_ptr<const std::string> payload;  // never null
    // When the last copy goes, the publisher is acknowledged: kept by a sink that has to save the
    // message first, by no other for longer than deliver(). Null: nobody waits.
    std::shared_ptr<void> receipt = {};
};

// One kind of target. deliver() queues, never blocks; nullopt means taken, or that the target is
// one which has no claim to the message. Called on the thread that publishes.
class sink {
public:
    virtual ~sink() = default;
    virtual std::optional<drop_reason> deliver(const endpoint& source, const endpoint& target,
                                               const message& m) = 0;

    // True: the sink goes by the table itself, on threads of its own, and counts what becomes of a
    // message there (routing_lane::count_delivered, router::count_drop). deliver() is called once
    // for each, with the first of the message's targets of this kind.
    virtual bool finds_targets() const { return false; }

    // What deliver() would say to a message of this topic at this moment, without one. For
    // `evergrass why`; on the core's executor.
    virtual std::optional<drop_reason> would_drop(const endpoint& /*target*/,
                                                  std::string_view /*topic*/) const {
        return std::nullopt;
    }
    // Why nothing that this end publishes would get in, if so.
    virtual std::optional<drop_reason> would_refuse(const endpoint& /*source*/) const {
        return std::nullopt;
    }
};

struct publish_report {
    std::uint32_t delivered = 0;   // targets whose sink took it
    std::uint32_t dropped = 0;     // targets that did not take it; 1 when no subscription matched
    std::uint32_t queue_full = 0;  // of those, by the bound of a queue (is_queue_full)
    std::optional<drop_reason> last_drop;
};

class router;

// What a router calls a subscription, by its source, subject and target: the same in each table
// that has it, and never another one's while the router lives.
using way_number = std::uint32_t;

// What one thread publishes through. It remembers the table, so that a look-up takes no lock and
// writes nothing that other threads read: after a deployment each lane fetches the new table once.
// A message goes wholly by one table. One thread at a time; must go before its router.
class routing_lane {
public:
    explicit routing_lane(router& owner);
    ~routing_lane();
    routing_lane(const routing_lane&) = delete;
    routing_lane& operator=(const routing_lane&) = delete;

    // Hands the message to each matching target's sink. When it returns, each has taken it or
    // dropped it by its documented limit, and that was counted: the publisher may be acknowledged.
    publish_report publish(const endpoint& source, const message& m);
    // The newest table. The reference is good until the next call of a member.
    const routing_table& table();

    // For a message whose route was found by another lane: hands it to this one target's sink and
    // counts what becomes of it there. `ways`: the subscriptions that lead to it.
    std::optional<drop_reason> hand(const endpoint& source, const endpoint& target,
                                    const message& m, std::span<const way_number> ways);
    // The number of an entry of table(), for count_carried(). Until the next call of a member.
    way_number number_of(std::uint32_t entry) const { return (*numbers_)[entry]; }
    // What publish() counts, for those who carry messages to their targets by the table
    // themselves.
    void count_published(endpoint_kind source);
    void count_delivered(endpoint_kind source, endpoint_kind target, std::uint64_t targets);
    // A message went by these subscriptions. Numbers of any table that the router has had.
    void count_carried(std::span<const way_number> ways) {
        for (const auto number : ways) {
            if (number >= carried_.size()) [[unlikely]] {
                grow(number);
            }
            carried_[number].add(1);
        }
    }

private:
    friend class router;
    // Written by this lane alone, read by any thread.
    class counter {
    public:
        void add(std::uint64_t n) {
            value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
        }
        std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

    private:
        std::atomic<std::uint64_t> value_{0};
    };
    using counters = std::array<counter, endpoint_kind_count>;

    void refresh();
    void grow(way_number needed);
    std::optional<drop_reason> pass(const endpoint& source, const endpoint& target,
                                    const message& m);

    router& router_;
    int depth_ = 0;  // of publish() within publish(): sinks may
    std::uint64_t version_ = 0;
    std::shared_ptr<const routing_table> table_;
    std::shared_ptr<const std::vector<way_number>> numbers_;  // of table_'s entries
    std::vector<routing_table::way> matched_;                 // reused by each publish
    counters published_;
    std::array<counters, endpoint_kind_count> delivered_;  // [source][target]
    // By way_number. Grown by this lane under the router's mutex, which those who read take.
    std::deque<counter> carried_;
};

// How many messages each subscription has carried since the router was made: those that its target
// took, into a queue or a socket. What a queue loses later is counted as dropped, and here too.
// Alike subscriptions show the same number. Not counted: what a shared MQTT subscription gave to a
// session of another shard.
struct carried_totals {
    std::shared_ptr<const routing_table> table;  // the newest
    std::vector<std::uint64_t> messages;         // by its entries
};
// How many of them have carried none.
std::size_t quiet_ones(const carried_totals& carried);

// How many messages took which way since the start.
struct routed_totals {
    using by_kind = std::array<std::uint64_t, endpoint_kind_count>;
    by_kind published{};                                   // by kind of source
    std::array<by_kind, endpoint_kind_count> delivered{};  // [source][target]
};

// Holds the current table and the sinks, and counts. publish() and table() are the lane of the
// core's executor; other threads make lanes of their own.
class router {
public:
    explicit router(logger log);
    // `time` must outlive the router.
    router(logger log, const clock& time);
    ~router();

    // Replaces the table at once: what is published from now on goes by the new one, connections
    // and messages already handed to sinks stay as they are. Any thread.
    void set_table(std::shared_ptr<const routing_table> table);
    // Of the executor's lane.
    const routing_table& table() { return own_lane_->table(); }
    std::uint64_t tables_set() const { return version_.load(std::memory_order_acquire); }

    // Larger payloads are dropped and counted. Before anything is published.
    void set_max_message_bytes(std::size_t bytes) { max_message_bytes_ = bytes; }
    std::size_t max_message_bytes() const { return max_message_bytes_; }

    // The sink must outlive the router or be set to null before it goes. While no lane publishes.
    void set_sink(endpoint_kind kind, sink* target);
    const sink* sink_of(endpoint_kind kind) const { return sinks_[static_cast<std::size_t>(kind)]; }

    publish_report publish(const endpoint& source, const message& m) {
        return own_lane_->publish(source, m);
    }
    // Does a target of this message have a full queue now? Asked before an AllOrError publish,
    // which is for all targets or for none (spec/lambda-ipc.md §3.1).
    bool any_queue_full(const endpoint& source, std::string_view topic);

    // The lane of the core's executor.
    routing_lane& own_lane() { return *own_lane_; }

    // For sinks that lose a message after they took it. Any thread; cheap. `target` may be null.
    void count_drop(drop_reason reason, const endpoint& source, std::string_view topic,
                    const endpoint* target) {
        book_.count(reason, &source, topic, target);
    }
    // Where the source is no longer known.
    void count_drop(drop_reason reason, std::string_view topic, const endpoint* target) {
        book_.count(reason, nullptr, topic, target);
    }

    // Any thread.
    drop_totals drops() const { return book_.totals(); }
    std::vector<drop_record> last_drops() const { return book_.last(); }
    routed_totals routed() const;
    std::uint64_t delivered() const;
    carried_totals carried() const;

private:
    friend class routing_lane;

    clock own_clock_;
    drop_book book_;
    std::size_t max_message_bytes_ = 128 * 1024;  // V1's (spec/core.md §26)
    std::array<sink*, endpoint_kind_count> sinks_{};
    std::atomic<std::uint64_t> version_{0};  // of the table: raised after it has been replaced
    mutable std::mutex mutex_;               // of what follows
    std::shared_ptr<const routing_table> table_;
    std::shared_ptr<const std::vector<way_number>> numbers_;  // of table_'s entries
    // Those of former tables too: a subscription that comes again counts on.
    std::unordered_map<std::string, way_number> all_numbers_;
    std::vector<const routing_lane*> lanes_;
    routed_totals ended_lanes_;
    std::vector<std::uint64_t> ended_carried_;
    std::unique_ptr<routing_lane> own_lane_;
};

}  // namespace evergrass::edge
