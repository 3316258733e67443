#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace evergrass::pkcs11 {

// Faults that tokens alone have; the rest are of errc.
enum class fault {
    // Programs hold all sessions that the token has (CKR_SESSION_COUNT). It goes away by itself
    // when one of them ends; nothing was asked of the token, so no PIN was tried.
    no_session = 1,
};

const boost::system::error_category& fault_category() noexcept;

inline boost::system::error_code make_error_code(fault f) noexcept {
    return {static_cast<int>(f), fault_category()};
}

}  // namespace evergrass::pkcs11

template <>
struct boost::system::is_error_code_enum<evergrass::pkcs11::fault> : std::true_type {};
