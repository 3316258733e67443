#include "cloud/lambda/code_location.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::lambda {

api_result get_function(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = in.state.db().lock();
    const auto function = require_qualified(in, *wanted);
    if (!function) {
        return function.error();
    }
    const auto tags = tags_of(in.state, function_arn_of(in, wanted->name, ""));
    if (!tags) {
        return internal_error(tags.error());
    }
    json::object code{{"RepositoryType", "S3"}};
    if (const auto host = in.code_host(); !host.empty()) {
        const auto location = code_location(in, host, function->blob);
        if (!location) {
            return internal_error(location.error());
        }
        code["Location"] = *location;
    }
    json::object output{{"Configuration", describe(in, *function, wanted->qualifier)},
                        {"Code", std::move(code)}};
    if (!tags->empty()) {
        output["Tags"] = *tags;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::lambda
