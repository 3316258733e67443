#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace evergrass::edge {

// Why a message did not reach a target. Nothing in the core loses a message for a reason that is
// not here: each is counted, kept for `GET /status`, and explained by `evergrass why`.
// docs/drop-reasons.md lists them for users; a test compares it with drop_reasons().
enum class drop_reason : std::uint8_t {
    // The table.
    no_subscription,
    subject_differs,
    message_too_large,
    no_such_target,
    // Devices.
    certificate_not_in_group,
    client_id_not_thing,
    device_not_connected,
    device_not_subscribed,
    queue_full,
    session_ended,
    message_expired,
    packet_too_large,
    not_permitted,
    not_stored,
    // Functions.
    function_stopped,
    function_failed,
    work_queue_full,
    // The cloud.
    cloud_queue_too_small,
    cloud_queue_overwritten,
    cloud_queue_damaged,
    cloud_refused,
    // The shadow service.
    not_a_shadow_request,
    // The core itself.
    core_busy,
    core_stopped,
};
constexpr std::size_t drop_reason_count = static_cast<std::size_t>(drop_reason::core_stopped) + 1;

struct drop_reason_text {
    drop_reason reason;
    std::string_view name;  // snake_case: the label in metrics and the value in JSON; never changes
    std::string_view sentence;   // what happened, for a log line or after a target's name
    std::string_view next_step;  // what the user can do about it
};

// All of them, in the order of the enumeration.
const std::array<drop_reason_text, drop_reason_count>& drop_reasons();
const drop_reason_text& describe(drop_reason reason);
// The sentence.
std::string_view to_string(drop_reason reason);
// By its name.
std::optional<drop_reason> find_drop_reason(std::string_view name);

// Does it mean that a bounded queue had no room? A function's publish with `AllOrError` is refused
// then (spec/lambda-ipc.md §3.1).
bool is_queue_full(drop_reason reason);

}  // namespace evergrass::edge
