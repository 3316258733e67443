#include "cloud/lambda/configuration.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/versions.hpp"

namespace evergrass::cloud::lambda {

api_result update_function_configuration(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        auto function = require_function(in, wanted->name);
        if (!function) {
            return function.error();
        }
        if (auto wrong = check_revision(from, function->revision_id)) {
            return *wrong;
        }
        auto configuration = updated_configuration(function->configuration, from.input);
        if (!configuration) {
            return configuration.error();
        }
        function->configuration = std::move(*configuration);
        const auto updated = replace_latest(in, std::move(*function));
        if (!updated) {
            return updated.error();
        }
        return reply{describe(in, *updated, "")};
    });
}

}  // namespace evergrass::cloud::lambda
