#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::lambda {

api_result tag_resource(function_registry& in, const call& from) {
    const auto wanted = tagged_function(in, from, "Resource");
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        if (const auto there = require_function(in, wanted->name); !there) {
            return there.error();
        }
        const auto set = set_tags(in.state, function_arn_of(in, wanted->name, ""),
                                  *object_member(from.input, "Tags"));
        return set ? api_result(reply{{}, 204}) : api_result(internal_error(set.error()));
    });
}

}  // namespace evergrass::cloud::lambda
