#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/lambda/functions.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "lambda" (spec/cloud.md §4). `in` outlives the table.
void add_lambda_operations(operation_table& table, lambda::function_registry& in);

namespace lambda {

// Each in the file of its name.
api_result create_function(function_registry& in, const call& from);
api_result update_function_code(function_registry& in, const call& from);
api_result update_function_configuration(function_registry& in, const call& from);
api_result get_function(function_registry& in, const call& from);
api_result get_function_configuration(function_registry& in, const call& from);
api_result delete_function(function_registry& in, const call& from);
api_result list_functions(function_registry& in, const call& from);
api_result publish_version(function_registry& in, const call& from);
api_result list_versions_by_function(function_registry& in, const call& from);
api_result create_alias(function_registry& in, const call& from);
api_result get_alias(function_registry& in, const call& from);
api_result update_alias(function_registry& in, const call& from);
api_result delete_alias(function_registry& in, const call& from);
api_result list_aliases(function_registry& in, const call& from);
api_result add_permission(function_registry& in, const call& from);
api_result get_policy(function_registry& in, const call& from);
api_result remove_permission(function_registry& in, const call& from);
api_result tag_resource(function_registry& in, const call& from);
api_result untag_resource(function_registry& in, const call& from);
api_result list_tags(function_registry& in, const call& from);
api_result invoke(function_registry& in, const call& from);

}  // namespace lambda
}  // namespace evergrass::cloud
