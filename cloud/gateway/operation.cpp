#include "cloud/gateway/operation.hpp"

#include "libs/base/errors.hpp"

#include <boost/system/errc.hpp>
#include <boost/throw_exception.hpp>

#include <cerrno>
#include <stdexcept>

namespace evergrass::cloud {

void throw_exception_from_error(const api_error& e, const boost::source_location& where) {
    boost::throw_exception(std::logic_error(e.code + ": " + e.message), where);
}

namespace {

// The database says errc::unavailable, files say errno.
bool is_disks_fault(const error& why) {
    namespace system = boost::system::errc;
    return why.code == errc::unavailable || why.code == system::no_space_on_device ||
           why.code == system::read_only_file_system ||
           why.code == boost::system::error_code(EDQUOT, boost::system::system_category());
}

}  // namespace

api_error internal_error(const error& why) {
    if (is_disks_fault(why)) {
        return {503,
                "ServiceUnavailableException",
                "The service cannot store anything at the moment: its disk is full, read-only or "
                "failing, or its database is away. Nothing was changed; try again later.",
                {},
                why.message()};
    }
    return {500, std::string(internal_failure), "Internal service failure.", {}, why.message()};
}

const operation* operation_table::find(std::string_view service, std::string_view name) const {
    const auto found = table_.find(std::pair(std::string(service), std::string(name)));
    return found == table_.end() ? nullptr : &found->second;
}

}  // namespace evergrass::cloud
