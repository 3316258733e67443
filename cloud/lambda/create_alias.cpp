#include "cloud/lambda/aliases.hpp"
#include "cloud/lambda/operations.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::lambda {

api_result create_alias(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const alias_record alias{wanted->name, string_member(from.input, "Name").value_or(""),
                             string_member(from.input, "FunctionVersion").value_or(""),
                             string_member(from.input, "Description").value_or(""), uuid_v4()};
    if (alias.name.empty() || parse_version(alias.name)) {
        return invalid_parameter("An alias's name must not be a number: that is a version.");
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto function = require_function(in, alias.function);
        if (!function) {
            return function.error();
        }
        const auto found = find_alias(in, alias.function, alias.name);
        if (!found) {
            return found.error();
        }
        if (*found) {
            return resource_conflict("Alias already exists: " +
                                     function_arn_of(in, alias.function, alias.name));
        }
        if (auto wrong = check_alias_target(in, alias.function, alias.version, from.input)) {
            return *wrong;
        }
        if (auto failed = write(in, "lambda.create_alias",
                                "INSERT INTO function_aliases(name, alias, version, description,"
                                " revision_id) VALUES(?1, ?2, ?3, ?4, ?5)",
                                {alias.function, alias.name, alias.version, alias.description,
                                 alias.revision_id})) {
            return *failed;
        }
        return reply{describe(in, alias), 201};
    });
}

}  // namespace evergrass::cloud::lambda
