#include "cloud/lambda/aliases.hpp"
#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

api_result get_alias(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = in.state.db().lock();
    const auto function = require_function(in, wanted->name);
    if (!function) {
        return function.error();
    }
    const auto alias =
        require_alias(in, wanted->name, string_member(from.input, "Name").value_or(""));
    if (!alias) {
        return alias.error();
    }
    return reply{describe(in, *alias)};
}

}  // namespace evergrass::cloud::lambda
