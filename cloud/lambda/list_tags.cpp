#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::lambda {

api_result list_tags(function_registry& in, const call& from) {
    const auto wanted = tagged_function(in, from, "Resource");
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = in.state.db().lock();
    if (const auto there = require_function(in, wanted->name); !there) {
        return there.error();
    }
    const auto tags = tags_of(in.state, function_arn_of(in, wanted->name, ""));
    if (!tags) {
        return internal_error(tags.error());
    }
    return reply{{{"Tags", *tags}}};
}

}  // namespace evergrass::cloud::lambda
