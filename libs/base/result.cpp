#include "libs/base/result.hpp"

#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <cerrno>

namespace evergrass {

void throw_exception_from_error(const error& e, const boost::source_location& where) {
    boost::throw_exception(boost::system::system_error(e.code, e.context), where);
}

error errno_error(std::string context) {
    return {boost::system::error_code(errno, boost::system::system_category()), std::move(context)};
}

}  // namespace evergrass
