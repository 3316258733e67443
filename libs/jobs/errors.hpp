#pragma once

#include "libs/base/result.hpp"

#include <string_view>
#include <type_traits>

namespace evergrass::jobs {

// Why a device's request about a job is refused: the codes that AWS IoT sends over MQTT in the body
// of `rejected` (spec/cloud.md §5.2). An error's context is the message.
enum class errc {
    invalid_topic = 1,
    invalid_json,
    invalid_request,
    invalid_state_transition,
    resource_not_found,
    version_mismatch,
    internal_error,
    request_throttled,
    terminal_state_reached,
};

// "InvalidTopic" …
std::string_view wire_code(errc why);

const boost::system::error_category& jobs_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), jobs_category()};
}

// What the requester is told: the error itself, or for one of another category (the store's)
// InternalError without its detail.
struct refusal {
    errc code;
    std::string message;
};
refusal to_refusal(const error& why);

}  // namespace evergrass::jobs

template <>
struct boost::system::is_error_code_enum<evergrass::jobs::errc> : std::true_type {};
