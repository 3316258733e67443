#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/secrets/secrets.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "secretsmanager" (spec/cloud.md §4). `in` outlives the table.
void add_secrets_operations(operation_table& table, secrets::secret_registry& in);

namespace secrets {

// Each in the file of its name, and within a transaction.
api_result create_secret(secret_registry& in, const call& from);
api_result put_secret_value(secret_registry& in, const call& from);
api_result get_secret_value(secret_registry& in, const call& from);
api_result describe_secret(secret_registry& in, const call& from);
api_result list_secrets(secret_registry& in, const call& from);
api_result update_secret(secret_registry& in, const call& from);
api_result update_secret_version_stage(secret_registry& in, const call& from);
api_result list_secret_version_ids(secret_registry& in, const call& from);
api_result delete_secret(secret_registry& in, const call& from);
api_result restore_secret(secret_registry& in, const call& from);
api_result tag_resource(secret_registry& in, const call& from);
api_result untag_resource(secret_registry& in, const call& from);
api_result get_random_password(secret_registry& in, const call& from);

}  // namespace secrets
}  // namespace evergrass::cloud
