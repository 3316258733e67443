#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace evergrass::log_store {

// What a disk does to a log, told apart because each has another next step. Damage, bad arguments
// and files of a later version are evergrass::errc::corrupt, invalid_input, unsupported.
enum class log_errc {
    disk_full = 1,  // ENOSPC, EDQUOT: nothing is lost; works again when there is space
    read_only,      // EROFS: the file system was (re)mounted read-only
    io_failed,      // EIO: the device failed; what was not durable before may not be on it
    log_full,       // options::max_bytes is reached and when_full is refuse
};

const boost::system::error_category& log_category() noexcept;

inline boost::system::error_code make_error_code(log_errc e) noexcept {
    return {static_cast<int>(e), log_category()};
}

}  // namespace evergrass::log_store

template <>
struct boost::system::is_error_code_enum<evergrass::log_store::log_errc> : std::true_type {};
