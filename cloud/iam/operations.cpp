#include "cloud/iam/operations.hpp"

#include <tuple>

namespace evergrass::cloud {

void add_iam_operations(operation_table& table, iam::iam_registry& in) {
    using implementation = api_result (*)(iam::iam_registry&, const call&);
    static constexpr std::tuple<std::string_view, std::string_view, implementation> operations[] = {
        {"iam", "CreateRole", iam::create_role},
        {"iam", "GetRole", iam::get_role},
        {"iam", "ListRoles", iam::list_roles},
        {"iam", "DeleteRole", iam::delete_role},
        {"iam", "UpdateRole", iam::update_role},
        {"iam", "UpdateAssumeRolePolicy", iam::update_assume_role_policy},
        {"iam", "PutRolePolicy", iam::put_role_policy},
        {"iam", "GetRolePolicy", iam::get_role_policy},
        {"iam", "ListRolePolicies", iam::list_role_policies},
        {"iam", "DeleteRolePolicy", iam::delete_role_policy},
        {"iam", "AttachRolePolicy", iam::attach_role_policy},
        {"iam", "DetachRolePolicy", iam::detach_role_policy},
        {"iam", "ListAttachedRolePolicies", iam::list_attached_role_policies},
        {"iam", "CreatePolicy", iam::create_policy},
        {"iam", "GetPolicy", iam::get_policy},
        {"iam", "ListPolicies", iam::list_policies},
        {"iam", "DeletePolicy", iam::delete_policy},
        {"iam", "CreatePolicyVersion", iam::create_policy_version},
        {"iam", "GetPolicyVersion", iam::get_policy_version},
        {"iam", "ListPolicyVersions", iam::list_policy_versions},
        {"iam", "DeletePolicyVersion", iam::delete_policy_version},
        {"iam", "SetDefaultPolicyVersion", iam::set_default_policy_version},
        {"iam", "TagRole", iam::tag_role},
        {"iam", "UntagRole", iam::untag_role},
        {"iam", "ListRoleTags", iam::list_role_tags},
        {"sts", "GetCallerIdentity", iam::get_caller_identity},
        {"sts", "AssumeRole", iam::assume_role},
    };
    for (const auto& [service, name, run] : operations) {
        table.add(service, name, [&in, run = run](const call& from) {
            return in_transaction(in.state, [&] { return run(in, from); });
        });
    }
}

}  // namespace evergrass::cloud
