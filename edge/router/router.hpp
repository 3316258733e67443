#pragma once

#include "edge/router/table.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

struct message {
    std::string topic;                           // concrete, no wildcards
    std::shared_ptr<const std::string> payload;  // never null
};

// Why a message was not delivered. Each is counted, and later explained by `evergrass why`.
enum class drop_reason : std::uint8_t {
    no_subscription,  // nothing in the table matches (source, topic)
    device_not_connected,
    device_not_subscribed,  // the device is connected but has no filter for the topic
    function_stopped,
    queue_full,      // the receiver's documented bound
    no_such_target,  // no part of this core serves that kind of end
    message_too_large,
};
constexpr std::size_t drop_reason_count = 7;
std::string_view to_string(drop_reason reason);

// One kind of target. deliver() queues, never blocks; nullopt means taken.
class sink {
public:
    virtual ~sink() = default;
    virtual std::optional<drop_reason> deliver(const endpoint& target, const message& m) = 0;
};

struct publish_report {
    std::uint32_t delivered = 0;
    std::uint32_t dropped =
        0;  // targets that did not take it; 1 with no_subscription when none matched
    std::optional<drop_reason> last_drop;
};

// Routes each message through the current table to the sinks. One per core, on its executor.
class router {
public:
    explicit router(logger log);

    // Replaces the table at once; messages already handed to sinks stay there.
    void set_table(std::shared_ptr<const routing_table> table);
    const routing_table& table() const { return *table_; }

    // The sink must outlive the router or be set to null before it goes.
    void set_sink(endpoint_kind kind, sink* target);

    publish_report publish(const endpoint& source, const message& m);
    // All or nothing is asked for by AllOrError publishes (spec/lambda-ipc.md §3.1): the caller
    // reads `dropped`; what was delivered stays delivered.

    const std::array<std::uint64_t, drop_reason_count>& drops() const { return drops_; }
    std::uint64_t delivered() const { return delivered_; }

private:
    logger log_;
    std::shared_ptr<const routing_table> table_;
    std::array<sink*, endpoint_kind_count> sinks_{};
    std::array<std::uint64_t, drop_reason_count> drops_{};
    std::uint64_t delivered_ = 0;
    std::vector<const endpoint*> matched_;  // reused by each publish
};

}  // namespace evergrass::edge
