#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iot/registry.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "iot" (spec/cloud.md §4.1). `in` outlives the table.
void add_iot_operations(operation_table& table, registry& in);

namespace iot {

// Each in the file of its name.
api_result create_thing(registry& in, const call& from);
api_result describe_thing(registry& in, const call& from);
api_result update_thing(registry& in, const call& from);
api_result delete_thing(registry& in, const call& from);
api_result list_things(registry& in, const call& from);
api_result attach_thing_principal(registry& in, const call& from);
api_result detach_thing_principal(registry& in, const call& from);
api_result list_thing_principals(registry& in, const call& from);
api_result list_principal_things(registry& in, const call& from);

api_result create_thing_group(registry& in, const call& from);
api_result describe_thing_group(registry& in, const call& from);
api_result update_thing_group(registry& in, const call& from);
api_result delete_thing_group(registry& in, const call& from);
api_result list_thing_groups(registry& in, const call& from);
api_result add_thing_to_thing_group(registry& in, const call& from);
api_result remove_thing_from_thing_group(registry& in, const call& from);
api_result update_thing_groups_for_thing(registry& in, const call& from);
api_result list_things_in_thing_group(registry& in, const call& from);
api_result list_thing_groups_for_thing(registry& in, const call& from);

api_result create_keys_and_certificate(registry& in, const call& from);
api_result create_certificate_from_csr(registry& in, const call& from);
api_result register_certificate_without_ca(registry& in, const call& from);
api_result describe_certificate(registry& in, const call& from);
api_result update_certificate(registry& in, const call& from);
api_result delete_certificate(registry& in, const call& from);
api_result list_certificates(registry& in, const call& from);

api_result create_policy(registry& in, const call& from);
api_result get_policy(registry& in, const call& from);
api_result delete_policy(registry& in, const call& from);
api_result list_policies(registry& in, const call& from);
api_result create_policy_version(registry& in, const call& from);
api_result get_policy_version(registry& in, const call& from);
api_result list_policy_versions(registry& in, const call& from);
api_result delete_policy_version(registry& in, const call& from);
api_result set_default_policy_version(registry& in, const call& from);
api_result attach_policy(registry& in, const call& from);
api_result detach_policy(registry& in, const call& from);
api_result attach_principal_policy(registry& in, const call& from);
api_result detach_principal_policy(registry& in, const call& from);
api_result list_attached_policies(registry& in, const call& from);
api_result list_targets_for_policy(registry& in, const call& from);
api_result list_principal_policies(registry& in, const call& from);
api_result list_policy_principals(registry& in, const call& from);

api_result register_ca_certificate(registry& in, const call& from);
api_result describe_ca_certificate(registry& in, const call& from);
api_result list_ca_certificates(registry& in, const call& from);
api_result update_ca_certificate(registry& in, const call& from);
api_result delete_ca_certificate(registry& in, const call& from);
api_result get_registration_code(registry& in, const call& from);
api_result delete_registration_code(registry& in, const call& from);

api_result register_certificate(registry& in, const call& from);
api_result list_certificates_by_ca(registry& in, const call& from);

api_result transfer_certificate(registry& in, const call& from);
api_result accept_certificate_transfer(registry& in, const call& from);
api_result reject_certificate_transfer(registry& in, const call& from);
api_result cancel_certificate_transfer(registry& in, const call& from);
api_result list_outgoing_certificates(registry& in, const call& from);

api_result create_thing_type(registry& in, const call& from);
api_result describe_thing_type(registry& in, const call& from);
api_result list_thing_types(registry& in, const call& from);
api_result deprecate_thing_type(registry& in, const call& from);
api_result delete_thing_type(registry& in, const call& from);

api_result create_provisioning_template(registry& in, const call& from);
api_result describe_provisioning_template(registry& in, const call& from);
api_result list_provisioning_templates(registry& in, const call& from);
api_result update_provisioning_template(registry& in, const call& from);
api_result delete_provisioning_template(registry& in, const call& from);
api_result create_provisioning_template_version(registry& in, const call& from);
api_result describe_provisioning_template_version(registry& in, const call& from);
api_result list_provisioning_template_versions(registry& in, const call& from);
api_result delete_provisioning_template_version(registry& in, const call& from);
api_result create_provisioning_claim(registry& in, const call& from);
api_result register_thing(registry& in, const call& from);

api_result tag_resource(registry& in, const call& from);
api_result untag_resource(registry& in, const call& from);
api_result list_tags_for_resource(registry& in, const call& from);

api_result describe_endpoint(registry& in, const call& from);

}  // namespace iot
}  // namespace evergrass::cloud
