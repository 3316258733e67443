#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/versions.hpp"

namespace evergrass::cloud::lambda {

// Nothing changed since the last version: that version again.
api_result publish_version(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto function = require_function(in, wanted->name);
        if (!function) {
            return function.error();
        }
        if (auto wrong = check_revision(from, function->revision_id)) {
            return *wrong;
        }
        const auto wanted_code = string_member(from.input, "CodeSha256").value_or("");
        const auto code = string_member(function->configuration, "CodeSha256").value_or("");
        if (!wanted_code.empty() && wanted_code != code) {
            return invalid_parameter("CodeSHA256 (" + wanted_code +
                                     ") is different from current CodeSHA256 in $LATEST (" + code +
                                     "). Please try again with the CodeSHA256 in $LATEST.");
        }
        const auto version =
            publish_latest(in, *function, string_member(from.input, "Description"));
        if (!version) {
            return version.error();
        }
        return reply{describe(in, *version, version_text(version->version)), 201};
    });
}

}  // namespace evergrass::cloud::lambda
