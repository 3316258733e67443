#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::lambda {

// Code has no Location: this build has no address from which a package can be fetched with a signed
// link.
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
    json::object output{{"Configuration", describe(in, *function, wanted->qualifier)},
                        {"Code", {{"RepositoryType", "S3"}}}};
    if (!tags->empty()) {
        output["Tags"] = *tags;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::lambda
