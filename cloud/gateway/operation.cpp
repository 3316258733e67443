#include "cloud/gateway/operation.hpp"

#include <boost/throw_exception.hpp>

#include <stdexcept>

namespace evergrass::cloud {

void throw_exception_from_error(const api_error& e, const boost::source_location& where) {
    boost::throw_exception(std::logic_error(e.code + ": " + e.message), where);
}

api_error internal_error(const error& why) {
    return {500, std::string(internal_failure), "Internal service failure.", {}, why.message()};
}

const operation* operation_table::find(std::string_view service, std::string_view name) const {
    const auto found = table_.find(std::pair(std::string(service), std::string(name)));
    return found == table_.end() ? nullptr : &found->second;
}

}  // namespace evergrass::cloud
