#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::lambda {

api_result untag_resource(function_registry& in, const call& from) {
    const auto wanted = tagged_function(in, from, "Resource");
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        if (const auto there = require_function(in, wanted->name); !there) {
            return there.error();
        }
        for (const auto& key : *array_member(from.input, "TagKeys")) {
            const auto dropped =
                drop_tag(in.state, function_arn_of(in, wanted->name, ""), key.as_string());
            if (!dropped) {
                return internal_error(dropped.error());
            }
        }
        return reply{{}, 204};
    });
}

}  // namespace evergrass::cloud::lambda
