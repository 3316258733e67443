#include "cloud/lambda/operations.hpp"

#include <utility>

namespace evergrass::cloud {

void add_lambda_operations(operation_table& table, lambda::function_registry& in) {
    using implementation = api_result (*)(lambda::function_registry&, const call&);
    static constexpr std::pair<std::string_view, implementation> operations[] = {
        {"CreateFunction", lambda::create_function},
        {"UpdateFunctionCode", lambda::update_function_code},
        {"UpdateFunctionConfiguration", lambda::update_function_configuration},
        {"GetFunction", lambda::get_function},
        {"GetFunctionConfiguration", lambda::get_function_configuration},
        {"DeleteFunction", lambda::delete_function},
        {"ListFunctions", lambda::list_functions},
        {"PublishVersion", lambda::publish_version},
        {"ListVersionsByFunction", lambda::list_versions_by_function},
        {"CreateAlias", lambda::create_alias},
        {"GetAlias", lambda::get_alias},
        {"UpdateAlias", lambda::update_alias},
        {"DeleteAlias", lambda::delete_alias},
        {"ListAliases", lambda::list_aliases},
        {"AddPermission", lambda::add_permission},
        {"GetPolicy", lambda::get_policy},
        {"RemovePermission", lambda::remove_permission},
        {"TagResource", lambda::tag_resource},
        {"UntagResource", lambda::untag_resource},
        {"ListTags", lambda::list_tags},
        {"Invoke", lambda::invoke},
    };
    for (const auto& [name, run] : operations) {
        table.add("lambda", name, [&in, run = run](const call& from) { return run(in, from); });
    }
}

}  // namespace evergrass::cloud
