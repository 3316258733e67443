#include "edge/router/router.hpp"

#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::size_t max_payload_bytes = 128 * 1024;  // spec/core.md §9

}  // namespace

std::string_view to_string(drop_reason reason) {
    switch (reason) {
        case drop_reason::no_subscription:
            return "no subscription has this source and topic";
        case drop_reason::device_not_connected:
            return "the device is not connected";
        case drop_reason::device_not_subscribed:
            return "the device is connected but has not subscribed to the topic";
        case drop_reason::function_stopped:
            return "the function is not running";
        case drop_reason::queue_full:
            return "the receiver's queue is full";
        case drop_reason::no_such_target:
            return "no part of this core serves that kind of target";
        case drop_reason::message_too_large:
            return "the payload is larger than 128 KB";
    }
    return "unknown";
}

router::router(logger log) : log_(std::move(log)), table_(std::make_shared<routing_table>()) {}

void router::set_table(std::shared_ptr<const routing_table> table) {
    table_ = std::move(table);
}

void router::set_sink(endpoint_kind kind, sink* target) {
    sinks_[static_cast<std::size_t>(kind)] = target;
}

publish_report router::publish(const endpoint& source, const message& m) {
    publish_report report;
    const auto drop = [&](drop_reason reason) {
        ++report.dropped;
        report.last_drop = reason;
        ++drops_[static_cast<std::size_t>(reason)];
        if (log_.enabled(log_level::debug)) {
            log_.debug(
                reason == drop_reason::no_subscription
                    ? "Failed to get routes. Discarding message."  // V1's words
                    : "Message not delivered.",
                {{"source", source.name}, {"topic", m.topic}, {"reason", to_string(reason)}});
        }
    };
    if (m.payload->size() > max_payload_bytes) {
        drop(drop_reason::message_too_large);
        return report;
    }
    // A sink may publish or set a table from within deliver(): the table is held and the scratch
    // vector taken out, so that neither changes under this loop.
    const auto table = table_;
    auto matched = std::exchange(matched_, {});
    matched.clear();
    table->match(source, m.topic, matched);
    if (matched.empty()) {
        drop(drop_reason::no_subscription);
    }
    for (const auto* target : matched) {
        auto* const to = sinks_[static_cast<std::size_t>(target->kind)];
        const auto refused =
            to == nullptr ? std::optional(drop_reason::no_such_target) : to->deliver(*target, m);
        if (refused) {
            drop(*refused);
        } else {
            ++report.delivered;
        }
    }
    delivered_ += report.delivered;
    matched_ = std::move(matched);
    return report;
}

}  // namespace evergrass::edge
