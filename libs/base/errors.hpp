#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace evergrass {

// Faults that any module can meet. A module with faults of its own has its own enum and category.
enum class errc {
    invalid_input = 1,  // bytes or fields from outside that break their documented form
    not_found,          // the thing that was named does not exist
    conflict,           // it exists already, or changed meanwhile
    denied,             // the caller may not do this
    too_large,          // over a documented limit
    unavailable,        // the other side cannot be reached or is shutting down
    timed_out,          // no answer within the caller's limit
    corrupt,            // a stored file fails its check
    unsupported,        // well-formed, but not something this build does
    closed,             // the object was stopped
};

const boost::system::error_category& base_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), base_category()};
}

}  // namespace evergrass

template <>
struct boost::system::is_error_code_enum<evergrass::errc> : std::true_type {};
