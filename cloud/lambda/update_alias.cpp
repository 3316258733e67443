#include "cloud/lambda/aliases.hpp"
#include "cloud/lambda/operations.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::lambda {

api_result update_alias(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        auto alias =
            require_alias(in, wanted->name, string_member(from.input, "Name").value_or(""));
        if (!alias) {
            return alias.error();
        }
        if (auto wrong = check_revision(from, alias->revision_id)) {
            return *wrong;
        }
        alias->version = string_member(from.input, "FunctionVersion").value_or(alias->version);
        alias->description = string_member(from.input, "Description").value_or(alias->description);
        alias->revision_id = uuid_v4();
        if (auto wrong = check_alias_target(in, alias->function, alias->version, from.input)) {
            return *wrong;
        }
        if (auto failed = write(in, "lambda.update_alias",
                                "UPDATE function_aliases SET version = ?3, description = ?4,"
                                " revision_id = ?5 WHERE name = ?1 AND alias = ?2",
                                {alias->function, alias->name, alias->version, alias->description,
                                 alias->revision_id})) {
            return *failed;
        }
        return reply{describe(in, *alias)};
    });
}

}  // namespace evergrass::cloud::lambda
