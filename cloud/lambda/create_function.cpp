#include "cloud/lambda/code.hpp"
#include "cloud/lambda/configuration.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/versions.hpp"
#include "cloud/store/tags.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::lambda {
namespace {

std::optional<api_error> insert(function_registry& in, const function_record& function) {
    return write(in, "lambda.create_function",
                 "INSERT INTO functions(name, configuration, blob, code_size, revision_id,"
                 " modified_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                 {function.name, json::serialize(function.configuration), function.blob,
                  function.code_size, function.revision_id, function.modified_at});
}

}  // namespace

// With Publish the answer is version 1, else $LATEST. The role is kept, not checked: it grants
// nothing here.
api_result create_function(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    auto configuration = new_configuration(from.input);
    if (!configuration) {
        return configuration.error();
    }
    const auto* source = object_member(from.input, "Code");
    const auto code = requested_code(in, source != nullptr ? *source : json::object());
    if (!code) {
        return code.error();
    }
    (*configuration)["CodeSha256"] = code->sha256_base64;
    function_record function{wanted->name,
                             0,
                             std::move(*configuration),
                             code->sha256_hex,
                             static_cast<std::int64_t>(code->zip.size()),
                             uuid_v4(),
                             0,
                             now_milliseconds(in)};
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = find_function(in, function.name);
        if (!found) {
            return found.error();
        }
        if (*found) {
            return resource_conflict("Function already exist: " + function.name);
        }
        if (auto failed = store_code(in, *code)) {
            return *failed;
        }
        if (auto failed = insert(in, function)) {
            return *failed;
        }
        if (const auto* tags = object_member(from.input, "Tags")) {
            const auto set = set_tags(in.state, function_arn_of(in, function.name, ""), *tags);
            if (!set) {
                return internal_error(set.error());
            }
        }
        if (!bool_member(from.input, "Publish").value_or(false)) {
            return reply{describe(in, function, ""), 201};
        }
        const auto version = publish_latest(in, function, std::nullopt);
        if (!version) {
            return version.error();
        }
        return reply{describe(in, *version, version_text(version->version)), 201};
    });
}

}  // namespace evergrass::cloud::lambda
