#include "cloud/lambda/code.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/versions.hpp"

namespace evergrass::cloud::lambda {

api_result update_function_code(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto code = requested_code(in, from.input);
    if (!code) {
        return code.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        auto function = require_function(in, wanted->name);
        if (!function) {
            return function.error();
        }
        if (auto wrong = check_revision(from, function->revision_id)) {
            return *wrong;
        }
        function->blob = code->sha256_hex;
        function->code_size = static_cast<std::int64_t>(code->zip.size());
        function->configuration["CodeSha256"] = code->sha256_base64;
        if (bool_member(from.input, "DryRun").value_or(false)) {
            return reply{describe(in, *function, "")};
        }
        if (auto failed = store_code(in, *code)) {
            return *failed;
        }
        const auto updated = replace_latest(in, std::move(*function));
        if (!updated) {
            return updated.error();
        }
        if (!bool_member(from.input, "Publish").value_or(false)) {
            return reply{describe(in, *updated, "")};
        }
        const auto version = publish_latest(in, *updated, std::nullopt);
        if (!version) {
            return version.error();
        }
        return reply{describe(in, *version, version_text(version->version))};
    });
}

}  // namespace evergrass::cloud::lambda
