#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <type_traits>

namespace evergrass::shadow {

// Why a shadow request is refused. The values are the codes that AWS IoT sends, over MQTT in the
// body of `rejected` and over HTTP as the status (spec/cloud.md §5.1); an error's context is the
// message.
enum class errc {
    bad_request = 400,
    unauthorized = 401,
    forbidden = 403,
    not_found = 404,
    version_conflict = 409,
    too_large = 413,
    unsupported_encoding = 415,
    unprocessable = 422,
    too_many_requests = 429,
    internal_failure = 500,
};

const boost::system::error_category& shadow_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), shadow_category()};
}

// With AWS IoT's own text, for the codes that have only one.
error refused(errc why);

// What the requester is told: the error itself, or for one of another category (the store's) 500
// without its detail.
struct refusal {
    int code;
    std::string message;
};
refusal to_refusal(const error& why);

}  // namespace evergrass::shadow

template <>
struct boost::system::is_error_code_enum<evergrass::shadow::errc> : std::true_type {};
