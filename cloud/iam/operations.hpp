#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iam/iam_registry.hpp"

namespace evergrass::cloud {

// Adds the operations of the services "iam" and "sts" (spec/cloud.md §4.2, §4.3). `in` outlives the
// table.
void add_iam_operations(operation_table& table, iam::iam_registry& in);

namespace iam {

// Each in the file of its name, and within a transaction.
api_result create_role(iam_registry& in, const call& from);
api_result get_role(iam_registry& in, const call& from);
api_result list_roles(iam_registry& in, const call& from);
api_result delete_role(iam_registry& in, const call& from);
api_result update_role(iam_registry& in, const call& from);
api_result update_assume_role_policy(iam_registry& in, const call& from);
api_result put_role_policy(iam_registry& in, const call& from);
api_result get_role_policy(iam_registry& in, const call& from);
api_result list_role_policies(iam_registry& in, const call& from);
api_result delete_role_policy(iam_registry& in, const call& from);
api_result attach_role_policy(iam_registry& in, const call& from);
api_result detach_role_policy(iam_registry& in, const call& from);
api_result list_attached_role_policies(iam_registry& in, const call& from);
api_result create_policy(iam_registry& in, const call& from);
api_result get_policy(iam_registry& in, const call& from);
api_result list_policies(iam_registry& in, const call& from);
api_result delete_policy(iam_registry& in, const call& from);
api_result create_policy_version(iam_registry& in, const call& from);
api_result get_policy_version(iam_registry& in, const call& from);
api_result list_policy_versions(iam_registry& in, const call& from);
api_result delete_policy_version(iam_registry& in, const call& from);
api_result set_default_policy_version(iam_registry& in, const call& from);
api_result tag_role(iam_registry& in, const call& from);
api_result untag_role(iam_registry& in, const call& from);
api_result list_role_tags(iam_registry& in, const call& from);
api_result get_caller_identity(iam_registry& in, const call& from);
api_result assume_role(iam_registry& in, const call& from);

}  // namespace iam
}  // namespace evergrass::cloud
