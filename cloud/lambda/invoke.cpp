#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

// A dry run says whether there is such a function. Functions run on cores, and nothing here reaches
// into one.
api_result invoke(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = in.state.db().lock();
    const auto function = require_qualified(in, *wanted);
    if (!function) {
        return function.error();
    }
    if (string_member(from.input, "InvocationType") == "DryRun") {
        return reply{{{"StatusCode", 204}}, 204};
    }
    return api_error{501, "NotImplementedException",
                     "Functions run on cores, not in this service. Deploy " + wanted->name +
                         " with a group, and invoke it on its core: evergrass invoke " +
                         wanted->name + " --root ROOT, or by a subscription from 'cloud'."};
}

}  // namespace evergrass::cloud::lambda
