#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

api_result get_function_configuration(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = in.state.db().lock();
    const auto function = require_qualified(in, *wanted);
    if (!function) {
        return function.error();
    }
    return reply{describe(in, *function, wanted->qualifier)};
}

}  // namespace evergrass::cloud::lambda
